import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  RestoreObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, pattern, start } from '../practice.ts';
import { type BucketPractice, bucketPractice, refusal, s3ClientOf } from './practice.ts';

/** Quantities by line, of storage without the time it took. */
async function linesOf({ simulator }: Pick<BucketPractice, 'simulator'>): Promise<Record<string, number>> {
  const { lines } = await simulator.bill();
  return Object.fromEntries(
    lines
      .filter(({ unit }) => unit !== 'byte-hours')
      .map((line) => [`${line.service}: ${line.line}`, line.quantity]),
  );
}

async function byteHours({ simulator }: Pick<BucketPractice, 'simulator'>, named: string): Promise<number> {
  const { lines } = await simulator.bill();
  return lines
    .filter(({ line, unit }) => unit === 'byte-hours' && line.startsWith(`${named}, `))
    .reduce((sum, { quantity }) => sum + quantity, 0);
}

describe('the bill', () => {
  it('has an object from its being stored to its end, and the days it should have stayed', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k' };
    await p.client.send(
      new PutObjectCommand({ ...object, Body: pattern(1000), StorageClass: 'DEEP_ARCHIVE' }),
    );
    p.simulator.advance(10 * DAY);
    await p.client.send(new DeleteObjectCommand(object));
    p.simulator.advance(10 * DAY);
    const bytes = 1000 + 32 * 1024;
    expect(await byteHours(p, 'Storage')).toBe(bytes * 240);
    expect(await byteHours(p, 'Early deletion')).toBe(bytes * 24 * 170);
  });

  it('has an end where an object is replaced, and none where nothing was', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k', StorageClass: 'GLACIER_IR' } as const;
    await p.client.send(new PutObjectCommand({ ...object, Body: 'small' }));
    p.simulator.advance(DAY);
    await p.client.send(new PutObjectCommand({ ...object, Body: 'other' }));
    p.simulator.advance(DAY);
    // A bill reaches to the end of the millisecond it is made out in.
    expect(await byteHours(p, 'Storage')).toBeCloseTo(128 * 1024 * 48, 0);
    expect(await byteHours(p, 'Early deletion')).toBe(128 * 1024 * 24 * 89);
  });

  it('has the request, the bytes and the copy of a restore', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k' };
    await p.client.send(new PutObjectCommand({ ...object, Body: pattern(1000), StorageClass: 'GLACIER' }));
    const before = await linesOf(p);
    const restore = (Tier: 'Bulk' | 'Standard'): Promise<unknown> =>
      p.client.send(
        new RestoreObjectCommand({ ...object, RestoreRequest: { Days: 1, GlacierJobParameters: { Tier } } }),
      );
    await restore('Bulk');
    expect(await refusal(restore('Bulk'))).toEqual([409, 'RestoreAlreadyInProgress']);
    await restore('Standard');
    const after = await linesOf(p);
    const added = Object.entries(after).filter(([line, quantity]) => quantity !== before[line]);
    expect(added.map(([line, quantity]) => [line.replace(/^.*?: /, ''), quantity])).toEqual([
      ['Retrieval requests, Bulk, GLACIER', 1],
      ['Retrieval requests, Standard, GLACIER', 1],
      ['Retrieval, Bulk, GLACIER', 1000],
      ['Retrieval, Standard, GLACIER', 1000],
    ]);
    const readyAt = p.simulator.now() + 4 * HOUR;
    p.simulator.advance(5 * DAY);
    const expiresAt = Math.ceil((readyAt + DAY) / DAY) * DAY;
    expect(await byteHours(p, 'Temporary copies')).toBeCloseTo((1000 * (expiresAt - readyAt)) / HOUR, 0);
  });

  it('has requests by class, parts as STANDARD ones, and no refused or deleting ones', async () => {
    const p = await bucketPractice();
    const { client, Bucket } = p;
    const object = { Bucket, Key: 'k' };
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...object, StorageClass: 'DEEP_ARCHIVE' }),
    );
    const { ETag } = await client.send(
      new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: pattern(1000) }),
    );
    const Parts = [{ PartNumber: 1, ETag }];
    await client.send(
      new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
    );
    await client.send(new HeadObjectCommand(object));
    await client.send(new ListObjectsV2Command({ Bucket }));
    expect(await refusal(client.send(new GetObjectCommand(object)))).toEqual([403, 'InvalidObjectState']);
    await client.send(new DeleteObjectCommand(object));
    const { rows } = await p.simulator.bill();
    const requests = rows.filter(({ unit }) => unit === 'requests');
    expect(requests.map(({ operation, quantity }) => `${operation} ${quantity}`).sort()).toEqual([
      'CompleteMultipartUpload 1',
      'CreateBucket 1',
      'CreateMultipartUpload 1',
      'HeadObject 1',
      'ListObjectsV2 1',
      'UploadPart 1',
    ]);
    const classOf = (wanted: string): string =>
      requests.find(({ operation }) => operation === wanted)!.line.replace(/^.*, /, '');
    expect(classOf('CreateMultipartUpload')).toBe('STANDARD');
    expect(classOf('UploadPart')).toBe('STANDARD');
    expect(classOf('CompleteMultipartUpload')).toBe('DEEP_ARCHIVE');
    expect(classOf('HeadObject')).toBe('DEEP_ARCHIVE');
  });

  it('has what was read', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k' };
    await p.client.send(new PutObjectCommand({ ...object, Body: pattern(1000), StorageClass: 'GLACIER_IR' }));
    const { Body } = await p.client.send(new GetObjectCommand({ ...object, Range: 'bytes=0-99' }));
    await Body!.transformToByteArray();
    const bytes = (await p.simulator.bill()).rows.filter(({ unit }) => unit === 'bytes');
    expect(new Set(bytes.map(({ operation, quantity }) => `${operation} ${quantity}`))).toEqual(
      new Set(['GetObject 100']),
    );
    expect(bytes.length).toBe(2); // out of the class, and out of the region
  });

  it('has unfinished uploads, until they are aborted', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k' };
    const { UploadId } = await p.client.send(new CreateMultipartUploadCommand(object));
    await p.client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: pattern(1000) }));
    p.simulator.advance(DAY);
    await p.client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
    p.simulator.advance(DAY);
    expect(await byteHours(p, 'Storage of unfinished uploads')).toBe(1000 * 24);
  });

  it('goes on after a restart, with nothing twice', async () => {
    const p = await bucketPractice();
    const object = { Bucket: p.Bucket, Key: 'k' };
    await p.client.send(new PutObjectCommand({ ...object, Body: pattern(1000) }));
    p.simulator.advance(DAY);
    await p.simulator.close();
    const simulator = await start(p.dir, { speed: 0 });
    await s3ClientOf(simulator).send(new DeleteObjectCommand(object));
    const from = simulator.now();
    const { lines } = await simulator.bill({ from: from + 1 });
    expect(lines).toEqual([]);
    expect(await byteHours({ simulator }, 'Storage')).toBeGreaterThanOrEqual(1000 * 24);
    expect(await byteHours({ simulator }, 'Storage')).toBeLessThan(1000 * 25);
  });
});
