import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  ObjectAttributes,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { MIB, pattern } from '../practice.ts';
import { type BucketPractice, bucketPractice, md5Hex, refusal, sha256Base64 } from './practice.ts';

const source = pattern(6 * MIB);

interface Named {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** A practice with `source` under `from`, and an upload to `to`. */
async function scene(
  more: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<{ p: BucketPractice; to: Named; copy: string }> {
  const p = await bucketPractice();
  const { client, Bucket } = p;
  await client.send(new PutObjectCommand({ Bucket, Key: 'from', Body: source }));
  return { p, to: await begin(p, more), copy: `${Bucket}/from` };
}

async function begin(
  { client, Bucket }: BucketPractice,
  more: Partial<CreateMultipartUploadCommandInput>,
): Promise<Named> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'to', ...more }));
  return { Bucket, Key: 'to', UploadId: UploadId! };
}

const copyPart = (
  to: Named,
  PartNumber: number,
  CopySource: string,
  more: Partial<UploadPartCopyCommandInput> = {},
): UploadPartCopyCommand => new UploadPartCopyCommand({ ...to, PartNumber, CopySource, ...more });

describe('a part that is copied', () => {
  it('is all of an object or a range of it, and as good as one that was sent', async () => {
    const { p, to, copy } = await scene({ ChecksumAlgorithm: 'SHA256' });
    const { client, simulator } = p;
    const range = source.subarray(10, 5 * MIB + 10);
    const first = await client.send(copyPart(to, 1, copy, { CopySourceRange: `bytes=10-${5 * MIB + 9}` }));
    expect(first.CopyPartResult).toMatchObject({
      ETag: `"${md5Hex(range)}"`,
      ChecksumSHA256: sha256Base64(range),
      LastModified: new Date(Math.floor(simulator.now() / 1000) * 1000),
    });
    const second = await client.send(copyPart(to, 2, copy));
    const third = await client.send(
      new UploadPartCommand({ ...to, PartNumber: 3, Body: 'end', ChecksumAlgorithm: 'SHA256' }),
    );
    const { Parts = [] } = await client.send(new ListPartsCommand(to));
    expect(Parts.map(({ Size }) => Size)).toEqual([5 * MIB, 6 * MIB, 3]);
    const Told = [first.CopyPartResult!, second.CopyPartResult!, third].map(
      ({ ETag, ChecksumSHA256 }, i) => ({
        PartNumber: i + 1,
        ETag,
        ChecksumSHA256,
      }),
    );
    await client.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts: Told } }));
    const got = await client.send(new GetObjectCommand({ Bucket: to.Bucket, Key: 'to' }));
    const whole = Buffer.concat([range, source, Buffer.from('end')]);
    expect(whole.equals(await got.Body!.transformToByteArray())).toBe(true);
    expect(simulator.counts().operations).toMatchObject({ UploadPartCopy: 2, UploadPart: 1 });
  });

  it('tells no checksum nobody asked for, but which version it is of', async () => {
    const p = await bucketPractice({ ObjectLockEnabledForBucket: true });
    const { client, Bucket } = p;
    const old = await client.send(new PutObjectCommand({ Bucket, Key: 'from', Body: 'old' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'from', Body: 'new' }));
    const to = await begin(p, {});
    const answer = await client.send(copyPart(to, 1, `${Bucket}/from?versionId=${old.VersionId!}`));
    expect(answer.CopySourceVersionId).toBe(old.VersionId);
    expect(answer.CopyPartResult).toEqual({
      ETag: `"${md5Hex('old')}"`,
      LastModified: expect.any(Date) as unknown,
    });
  });

  it('is refused where there is nothing to copy, and then nothing is kept', async () => {
    const { p, to, copy } = await scene();
    const { client, Bucket } = p;
    const of = (more: Partial<UploadPartCopyCommandInput>): Promise<unknown> =>
      client.send(copyPart(to, 1, copy, more));
    expect(await refusal(of({ CopySource: `${Bucket}/none` }))).toEqual([404, 'NoSuchKey']);
    expect(await refusal(of({ CopySource: 'nowhere/from' }))).toEqual([404, 'NoSuchBucket']);
    expect(await refusal(of({ CopySource: Bucket }))).toEqual([400, 'InvalidArgument']);
    expect(await refusal(of({ CopySourceIfMatch: '"other"' }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(of({ UploadId: 'never' }))).toEqual([404, 'NoSuchUpload']);
    expect(await refusal(of({ PartNumber: 10_001 }))).toEqual([400, 'InvalidArgument']);
    for (const CopySourceRange of ['bytes=5-', 'bytes=-5', 'bytes=5-4', '0-5', `bytes=0-${6 * MIB}`])
      expect(await refusal(of({ CopySourceRange }))).toEqual([400, 'InvalidArgument']);
    await client.send(new PutObjectCommand({ Bucket, Key: 'cold', Body: 'x', StorageClass: 'DEEP_ARCHIVE' }));
    expect(await refusal(of({ CopySource: `${Bucket}/cold` }))).toEqual([403, 'ObjectNotInActiveTierError']);
    const { Parts } = await client.send(new ListPartsCommand(to));
    expect(Parts).toBeUndefined();
  });

  it('outlives its source, which may be in another bucket', async () => {
    const { p, to, copy } = await scene();
    const { client } = p;
    const Bucket = `${p.Bucket}-2`;
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'from', CopySource: copy }));
    const { CopyPartResult } = await client.send(copyPart(to, 1, `${Bucket}/from`));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'from' }));
    const Parts = [{ PartNumber: 1, ETag: CopyPartResult!.ETag }];
    await client.send(new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts } }));
    const got = await client.send(new GetObjectCommand({ Bucket: p.Bucket, Key: 'to' }));
    expect(source.equals(await got.Body!.transformToByteArray())).toBe(true);
  });
});

describe('the attributes of an object', () => {
  const all = Object.values(ObjectAttributes);

  it('are told as far as they are asked for, even of one in an archive class', async () => {
    const { client, Bucket } = await bucketPractice();
    const of = { Bucket, Key: 'k' };
    const put = new PutObjectCommand({
      ...of,
      Body: 'abc',
      StorageClass: 'GLACIER',
      ChecksumAlgorithm: 'SHA256',
    });
    await client.send(put);
    const { $metadata, LastModified, ...told } = await client.send(
      new GetObjectAttributesCommand({ ...of, ObjectAttributes: all }),
    );
    expect($metadata.httpStatusCode).toBe(200);
    expect(LastModified).toEqual((await client.send(new HeadObjectCommand(of))).LastModified);
    expect(told).toEqual({
      ETag: md5Hex('abc'),
      Checksum: { ChecksumSHA256: sha256Base64(Buffer.from('abc')), ChecksumType: 'FULL_OBJECT' },
      StorageClass: 'GLACIER',
      ObjectSize: 3,
    });
    const size = await client.send(
      new GetObjectAttributesCommand({ ...of, ObjectAttributes: ['ObjectSize'] }),
    );
    expect(size).toEqual({ $metadata: expect.anything() as unknown, LastModified, ObjectSize: 3 });
  });

  it('tell the parts it came in by pages', async () => {
    const { p, to, copy } = await scene({ ChecksumAlgorithm: 'SHA256' });
    const { client } = p;
    const Parts = [];
    for (const PartNumber of [1, 2, 3]) {
      const { CopyPartResult } = await client.send(copyPart(to, PartNumber, copy));
      Parts.push({ PartNumber, ...CopyPartResult });
    }
    const { ETag, ChecksumSHA256 } = await client.send(
      new CompleteMultipartUploadCommand({ ...to, MultipartUpload: { Parts } }),
    );
    const ask = { Bucket: to.Bucket, Key: 'to', ObjectAttributes: all };
    const told = await client.send(new GetObjectAttributesCommand({ ...ask, MaxParts: 2 }));
    expect(told).toMatchObject({ ETag: ETag!.replaceAll('"', ''), ObjectSize: 18 * MIB });
    expect(`${told.Checksum!.ChecksumSHA256!}-3`).toBe(ChecksumSHA256);
    expect(told.ObjectParts).toMatchObject({
      TotalPartsCount: 3,
      IsTruncated: true,
      NextPartNumberMarker: '2',
      Parts: [1, 2].map((PartNumber) => ({
        PartNumber,
        Size: 6 * MIB,
        ChecksumSHA256: sha256Base64(source),
      })),
    });
    const rest = await client.send(new GetObjectAttributesCommand({ ...ask, PartNumberMarker: '2' }));
    expect(rest.ObjectParts).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 3 }] });
  });

  it('that there are none of are refused', async () => {
    const { client, Bucket } = await bucketPractice();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    const ask = (more: object): Promise<unknown> =>
      client.send(new GetObjectAttributesCommand({ Bucket, Key: 'k', ObjectAttributes: ['ETag'], ...more }));
    expect(await refusal(ask({ ObjectAttributes: ['Color'] }))).toEqual([400, 'InvalidArgument']);
    expect(await refusal(ask({ ObjectAttributes: [] }))).toEqual([400, 'InvalidArgument']);
    expect(await refusal(ask({ Key: 'none' }))).toEqual([404, 'NoSuchKey']);
  });
});
