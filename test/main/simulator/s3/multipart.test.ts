import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { MIB, pattern } from '../practice.ts';
import {
  type BucketPractice,
  bucketPractice,
  md5Hex,
  refusal,
  s3ClientOf,
  sha256Base64,
} from './practice.ts';

const part5 = pattern(5 * MIB);
const rest = pattern(1000);
const whole = Buffer.concat([part5, rest]);

async function begin(
  { client, Bucket }: BucketPractice,
  more: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<{ Bucket: string; Key: string; UploadId: string }> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k', ...more }));
  return { Bucket, Key: more.Key ?? 'k', UploadId: UploadId! };
}

type Named = Awaited<ReturnType<typeof begin>>;

async function send(
  { client }: BucketPractice,
  upload: Named,
  PartNumber: number,
  Body: Buffer,
  more: Partial<UploadPartCommandInput> = {},
): Promise<CompletedPart> {
  const { ETag, ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME } = await client.send(
    new UploadPartCommand({ ...upload, PartNumber, Body, ...more }),
  );
  return { PartNumber, ETag, ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME };
}

function complete(upload: Named, Parts: CompletedPart[], more: object = {}): CompleteMultipartUploadCommand {
  return new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more });
}

describe('a multipart upload', () => {
  it('becomes the object of its parts in order, whatever order they came in', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, {
      ContentType: 'text/x',
      Metadata: { a: '1' },
      StorageClass: 'GLACIER_IR',
    });
    const second = await send(p, upload, 7, rest);
    const first = await send(p, upload, 2, part5);
    const done = await p.client.send(complete(upload, [first, second]));
    const md5s = createHash('md5').update(part5).digest('hex') + md5Hex(rest);
    expect(done.ETag).toBe(`"${md5Hex(Buffer.from(md5s, 'hex'))}-2"`);
    const got = await p.client.send(new GetObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(whole.equals(await got.Body!.transformToByteArray())).toBe(true);
    expect(got).toMatchObject({ ContentType: 'text/x', Metadata: { a: '1' }, StorageClass: 'GLACIER_IR' });
    const across = await p.client.send(
      new GetObjectCommand({ Bucket: p.Bucket, Key: 'k', Range: `bytes=${5 * MIB - 10}-${5 * MIB + 9}` }),
    );
    expect(whole.subarray(5 * MIB - 10, 5 * MIB + 10).equals(await across.Body!.transformToByteArray())).toBe(
      true,
    );
    const alone = await p.client.send(new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k', PartNumber: 2 }));
    expect(alone).toMatchObject({ PartsCount: 2, ContentLength: 1000 });
  });

  it('is over once it is completed or aborted', async () => {
    const p = await bucketPractice();
    const upload = await begin(p);
    const part = await send(p, upload, 1, rest);
    await p.client.send(complete(upload, [part]));
    const aborted = await begin(p);
    await send(p, aborted, 1, rest);
    await p.client.send(new AbortMultipartUploadCommand(aborted));
    for (const gone of [
      upload,
      aborted,
      { ...upload, UploadId: 'never' },
      { ...(await begin(p)), Key: 'other' },
    ]) {
      expect(await refusal(send(p, gone, 1, rest))).toEqual([404, 'NoSuchUpload']);
      expect(await refusal(p.client.send(complete(gone, [part])))).toEqual([404, 'NoSuchUpload']);
      expect(await refusal(p.client.send(new ListPartsCommand(gone)))).toEqual([404, 'NoSuchUpload']);
      expect(await refusal(p.client.send(new AbortMultipartUploadCommand(gone)))).toEqual([
        404,
        'NoSuchUpload',
      ]);
    }
  });

  it('takes a part again in place of the one before, and leaves no bytes behind', async () => {
    const p = await bucketPractice();
    const upload = await begin(p);
    await send(p, upload, 1, part5);
    const again = await send(p, upload, 1, rest);
    await send(p, upload, 9, part5);
    await p.client.send(complete(upload, [again]));
    const head = await p.client.send(new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(head.ContentLength).toBe(1000);
    const blobs = await readdir(join(p.dir, 's3', 'blobs'), { recursive: true, withFileTypes: true });
    expect(blobs.filter((entry) => entry.isFile())).toHaveLength(1);
  });

  it('is refused if the list of parts is not right', async () => {
    const p = await bucketPractice();
    const upload = await begin(p);
    const small = await send(p, upload, 1, rest);
    const last = await send(p, upload, 2, rest);
    const refused = async (parts: CompletedPart[], more: object = {}): Promise<unknown> =>
      refusal(p.client.send(complete(upload, parts, more)));
    expect(await refused([small, last])).toEqual([400, 'EntityTooSmall']);
    expect(await refused([last, small])).toEqual([400, 'InvalidPartOrder']);
    expect(await refused([small, small])).toEqual([400, 'InvalidPartOrder']);
    expect(await refused([{ ...small, ETag: '"x"' }])).toEqual([400, 'InvalidPart']);
    expect(await refused([{ ...small, PartNumber: 3 }])).toEqual([400, 'InvalidPart']);
    expect(await refused([])).toEqual([400, 'MalformedXML']);
    expect(await refused([last], { MpuObjectSize: 999 })).toEqual([400, 'InvalidRequest']);
    for (const number of [0, 10_001])
      expect(await refusal(send(p, upload, number, rest))).toEqual([400, 'InvalidArgument']);
    await p.client.send(complete(upload, [last], { MpuObjectSize: 1000 }));
  });

  it('is not completed where a condition does not hold', async () => {
    const p = await bucketPractice();
    const [one, two] = [await begin(p), await begin(p)];
    const parts = [await send(p, one, 1, rest)];
    await send(p, two, 1, rest);
    await p.client.send(complete(one, parts, { IfNoneMatch: '*' }));
    expect(await refusal(p.client.send(complete(two, parts, { IfNoneMatch: '*' })))).toEqual([
      412,
      'PreconditionFailed',
    ]);
    await p.client.send(complete(two, parts));
  });
});

describe('checksums of parts', () => {
  it('SHA-256 make a composite one, and must be told again', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    const algorithm = { ChecksumAlgorithm: 'SHA256' } as const;
    const parts = [await send(p, upload, 1, part5, algorithm), await send(p, upload, 2, rest, algorithm)];
    expect(parts[0]?.ChecksumSHA256).toBe(sha256Base64(part5));
    const without = parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber }));
    expect(await refusal(p.client.send(complete(upload, without)))).toEqual([400, 'InvalidRequest']);
    const other = parts.map((part) => ({ ...part, ChecksumSHA256: sha256Base64(whole) }));
    expect(await refusal(p.client.send(complete(upload, other)))).toEqual([400, 'InvalidPart']);
    const done = await p.client.send(complete(upload, parts));
    const digests = parts.map(({ ChecksumSHA256 }) => Buffer.from(ChecksumSHA256!, 'base64'));
    const expected = {
      ChecksumSHA256: `${sha256Base64(Buffer.concat(digests))}-2`,
      ChecksumType: 'COMPOSITE',
    };
    expect(done).toMatchObject(expected);
    const head = new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k', ChecksumMode: 'ENABLED' });
    expect(await p.client.send(head)).toMatchObject(expected);
  });

  it.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    [undefined, undefined],
  ] as const)('%s of type %s make the one of the whole', async (ChecksumAlgorithm, ChecksumType) => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm, ChecksumType });
    const client = s3ClientOf(p.simulator, {
      requestChecksumCalculation: ChecksumAlgorithm === 'CRC64NVME' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    });
    const parts = [
      await send({ ...p, client }, upload, 1, part5),
      await send({ ...p, client }, upload, 2, rest),
    ];
    await p.client.send(
      complete(
        upload,
        parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber })),
      ),
    );
    // The client compares what it reads with the checksum of the whole that comes with it.
    const got = await p.client.send(
      new GetObjectCommand({ Bucket: p.Bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
    );
    expect(whole.equals(await got.Body!.transformToByteArray())).toBe(true);
    expect(got[`Checksum${ChecksumAlgorithm ?? 'CRC64NVME'}`]).toMatch(/=$/);
    expect(got.ChecksumType).toBe('FULL_OBJECT');
  });

  it('by another algorithm than the chosen one are refused', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    expect(await refusal(send(p, upload, 1, rest))).toEqual([400, 'InvalidRequest']);
    const plain = s3ClientOf(p.simulator, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    expect(await refusal(send({ ...p, client: plain }, upload, 1, rest))).toEqual([400, 'InvalidRequest']);
  });

  it('have no type their algorithm cannot have', async () => {
    const p = await bucketPractice();
    for (const [ChecksumAlgorithm, ChecksumType] of [
      ['SHA256', 'FULL_OBJECT'],
      ['SHA1', 'FULL_OBJECT'],
      ['CRC64NVME', 'COMPOSITE'],
    ] as const)
      expect(await refusal(begin(p, { ChecksumAlgorithm, ChecksumType }))).toEqual([400, 'InvalidRequest']);
  });

  it('that are composite need parts without gaps', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    const part = await send(p, upload, 2, rest, { ChecksumAlgorithm: 'SHA256' });
    expect(await refusal(p.client.send(complete(upload, [part])))).toEqual([500, 'InternalError']);
  });

  it('of the whole, stated at the end, are compared', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const part = await send(p, upload, 1, rest);
    const wrong = { ChecksumCRC32: Buffer.alloc(4).toString('base64'), ChecksumType: 'FULL_OBJECT' };
    expect(await refusal(p.client.send(complete(upload, [part], wrong)))).toEqual([400, 'BadDigest']);
    const right = { ...wrong, ChecksumCRC32: part.ChecksumCRC32 };
    await p.client.send(complete(upload, [part], right));
  });
});

describe('a part', () => {
  it('can be a stream with its checksum behind it', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    const { ChecksumSHA256 } = await p.client.send(
      new UploadPartCommand({
        ...upload,
        PartNumber: 1,
        Body: Readable.from([whole.subarray(0, 3), whole.subarray(3)]),
        ContentLength: whole.length,
        ChecksumAlgorithm: 'SHA256',
      }),
    );
    expect(ChecksumSHA256).toBe(sha256Base64(whole));
  });

  it('of 64 MiB four times over makes an object that comes back', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    const big = pattern(64 * MIB);
    const ChecksumSHA256 = sha256Base64(big);
    const sent = [1, 2, 3, 4].map((number) => send(p, upload, number, big, { ChecksumSHA256 }));
    await p.client.send(complete(upload, await Promise.all(sent)));
    const got = await p.client.send(new GetObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    const expected = createHash('sha256');
    for (let i = 0; i < 4; i += 1) expected.update(big);
    const read = createHash('sha256');
    for await (const chunk of got.Body as Readable) read.update(chunk as Buffer);
    expect(read.digest('hex')).toBe(expected.digest('hex'));
  });
});

describe('open uploads', () => {
  it('are listed by key and age, a page at a time', async () => {
    const p = await bucketPractice();
    const made: string[] = [];
    for (const Key of ['b', 'a', 'b', 'dir/x', 'dir/y']) {
      made.push((await begin(p, { Key })).UploadId);
      p.simulator.advance(1000);
    }
    const seen: string[] = [];
    let page: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (let more = true; more;) {
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker, Uploads } = await p.client.send(
        new ListMultipartUploadsCommand({ Bucket: p.Bucket, MaxUploads: 1, ...page }),
      );
      seen.push(...Uploads!.map(({ UploadId }) => UploadId!));
      page = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
      more = IsTruncated!;
    }
    expect(seen).toEqual([1, 0, 2, 3, 4].map((i) => made[i]));
    const rolled = await p.client.send(
      new ListMultipartUploadsCommand({ Bucket: p.Bucket, Delimiter: '/', Prefix: '' }),
    );
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'dir/' }]);
    expect(rolled.Uploads).toHaveLength(3);
  });

  it('have their parts listed in order, a page at a time', async () => {
    const p = await bucketPractice();
    const upload = await begin(p, { ChecksumAlgorithm: 'SHA256' });
    for (const number of [3, 1, 10_000]) await send(p, upload, number, rest, { ChecksumAlgorithm: 'SHA256' });
    const first = await p.client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    expect(first.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([1, 3]);
    expect(first.Parts?.[0]).toMatchObject({
      Size: 1000,
      ETag: `"${md5Hex(rest)}"`,
      ChecksumSHA256: sha256Base64(rest),
    });
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '3', ChecksumType: 'COMPOSITE' });
    const second = await p.client.send(new ListPartsCommand({ ...upload, PartNumberMarker: '3' }));
    expect(second.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([10_000]);
    expect(second.IsTruncated).toBe(false);
  });

  it('can be made to go', async () => {
    const p = await bucketPractice();
    const upload = await begin(p);
    await send(p, upload, 1, rest);
    await p.simulator.act('expire-uploads');
    expect(await refusal(send(p, upload, 2, rest))).toEqual([404, 'NoSuchUpload']);
  });
});
