import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apply, asChanges, type Change, emptyState } from '../../../../src/main/simulator/s3/records.ts';
import { HOUR, MIB, pattern, start, tempFolder } from '../practice.ts';
import { bucketPractice, s3ClientOf } from './practice.ts';

async function filesUnder(dir: string): Promise<string[]> {
  const all = await readdir(dir, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('after a restart', () => {
  it('objects, versions, uploads and restores are as they were', async () => {
    const { client, dir, simulator: first, Bucket } = await bucketPractice();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const cold = { Bucket, Key: 'cold', StorageClass: 'GLACIER' } as const;
    await client.send(new PutObjectCommand({ ...cold, Body: pattern(2 * MIB) }));
    const RestoreRequest = { Days: 2, GlacierJobParameters: { Tier: 'Standard' } } as const;
    await client.send(new RestoreObjectCommand({ Bucket, Key: 'cold', RestoreRequest }));
    for (const Body of ['one', 'two']) await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }));
    const part = { Bucket, Key: 'm', UploadId, PartNumber: 1, Body: pattern(5 * MIB) };
    const { ETag } = await client.send(new UploadPartCommand(part));
    const versions = await client.send(new ListObjectVersionsCommand({ Bucket }));
    first.advance(4 * HOUR);
    const shown = first.now();
    await first.close();

    const second = await start(dir, { speed: 0 });
    expect(second.now()).toBeGreaterThanOrEqual(shown);
    const again = s3ClientOf(second);
    const { $metadata: _, ...before } = versions;
    expect(await again.send(new ListObjectVersionsCommand({ Bucket }))).toMatchObject(before);
    const got = await again.send(new GetObjectCommand({ Bucket, Key: 'cold' }));
    expect(pattern(2 * MIB).equals(await got.Body!.transformToByteArray())).toBe(true);
    const tail = await again.send(new UploadPartCommand({ ...part, PartNumber: 2, Body: 'tail' }));
    const Parts = [
      { PartNumber: 1, ETag },
      { PartNumber: 2, ETag: tail.ETag },
    ];
    await again.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'm', UploadId, MultipartUpload: { Parts } }),
    );
    const { ContentLength } = await again.send(new HeadObjectCommand({ Bucket, Key: 'm' }));
    expect(ContentLength).toBe(5 * MIB + 4);
  });

  it('what nobody can ask for has left the disk', async () => {
    const { client, dir, simulator: first, Bucket } = await bucketPractice();
    const blobs = join(dir, 's3', 'blobs');
    for (const Body of ['one', 'two']) await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body }));
    expect(await filesUnder(blobs)).toHaveLength(1);
    await mkdir(join(blobs, 'xx'), { recursive: true });
    await writeFile(join(blobs, 'xx', 'left-by-a-kill-xx'), '');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await first.close();
    await start(dir);
    expect(await filesUnder(blobs)).toEqual([]);
  });
});

/** A process of its own, running a simulator on `dir` until it is killed. */
async function spawnSimulator(dir: string): Promise<{ child: ChildProcess; client: S3Client }> {
  const module = new URL('../../../../src/main/simulator/simulator.ts', import.meta.url).href;
  const script = `import { startSimulator } from ${JSON.stringify(module)};
    const s = await startSimulator({ dir: ${JSON.stringify(dir)}, durability: 'none' });
    console.log(JSON.stringify({ url: s.url, accessKeyId: s.accessKeyId, secretAccessKey: s.secretAccessKey }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, ...credentials } = JSON.parse(line) as {
    url: string;
    accessKeyId: string;
    secretAccessKey: string;
  };
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: url,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return { child, client };
}

describe('a kill', () => {
  it('at any moment loses nothing that was acknowledged', async () => {
    const dir = await tempFolder();
    const Bucket = 'bucket';
    const stored = new Map<string, Buffer>();
    for (let round = 0; round < 3; round += 1) {
      const { child, client } = await spawnSimulator(dir);
      await client.send(new CreateBucketCommand({ Bucket }));
      const ended = once(child, 'exit');
      let alive = true;
      const sender = async (n: number): Promise<void> => {
        for (let i = 0; alive; i += 1) {
          const Body = Buffer.alloc(1 + ((i * 77_777) % 1_500_000), `${round}${n}`);
          const Key = `${round}/${n}/${i % 20}`; // some are replaced
          try {
            await client.send(new PutObjectCommand({ Bucket, Key, Body }));
            stored.set(Key, Body);
          } catch {
            stored.delete(Key); // it may be the old or the new
            return;
          }
        }
      };
      const senders = [0, 1, 2].map(sender);
      while (stored.size < 15 * (round + 1)) await new Promise(setImmediate);
      child.kill('SIGKILL');
      await ended;
      alive = false;
      await Promise.all(senders);
    }
    const { client } = await spawnSimulator(dir);
    for (const [Key, body] of stored) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(body.equals(await Body!.transformToByteArray()), Key).toBe(true);
    }
  });
});

describe('records', () => {
  it('are the same after their shortest list of changes, applied once or twice', () => {
    const of = 'b';
    const bucket = {
      name: of,
      createdAt: 1,
      versioning: 'Enabled',
      publicAccessBlock: null,
      lifecycle: null,
      objectLock: null,
    } as const;
    const properties = {
      storageClass: 'GLACIER',
      headers: {},
      tags: {},
      retention: null,
      legalHold: null,
    } as const;
    const object = {
      kind: 'object',
      key: 'k',
      at: 1,
      bytes: 1,
      etag: 'e',
      pieces: [{ blob: 'x', bytes: 1, checksum: null }],
      multipart: false,
      checksum: null,
      restore: null,
      ...properties,
    } as const;
    const upload = {
      id: 'u',
      key: 'k',
      createdAt: 1,
      algorithm: 'CRC64NVME',
      type: 'FULL_OBJECT',
      chosen: false,
      properties,
    } as const;
    const changes: Change[] = [
      { put: 'bucket', bucket },
      { put: 'version', of, version: { ...object, id: 'v1', order: 1 } },
      { put: 'version', of, version: { kind: 'marker', key: 'k', id: 'v2', order: 2, at: 2 } },
      { put: 'version', of, version: { ...object, id: 'v3', order: 3 } },
      { put: 'version', of, version: { ...object, id: 'v1', order: 1, legalHold: true } },
      { drop: 'version', of, key: 'k', id: 'v3' },
      { put: 'version', of, version: { ...object, key: 'gone', id: 'v4', order: 4 } },
      { drop: 'version', of, key: 'gone', id: 'v4' },
      { put: 'upload', of, upload },
      {
        put: 'part',
        of,
        upload: 'u',
        part: { number: 1, blob: 'y', bytes: 1, etag: 'e', checksum: 'c', at: 3 },
      },
      { put: 'upload', of, upload: { ...upload, id: 'w' } },
      { drop: 'upload', of, upload: 'w' },
      { put: 'bucket', bucket: { ...bucket, name: 'gone' } },
      { drop: 'bucket', name: 'gone' },
    ];
    const state = emptyState();
    for (const change of changes) apply(state, change);
    expect(
      state.buckets
        .get(of)
        ?.versions.get('k')
        ?.map(({ id }) => id),
    ).toEqual(['v2', 'v1']);
    const again = emptyState();
    for (const change of asChanges(state)) apply(again, change);
    for (const change of asChanges(state)) apply(again, change);
    expect(again.buckets).toEqual(state.buckets);
  });
});
