import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type StorageClass,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIB, pattern } from '../practice.ts';
import {
  type BucketPractice,
  bucketPractice,
  failure,
  md5Hex,
  refusal,
  s3ClientOf,
  sha256Base64,
} from './practice.ts';

async function read({ client, Bucket }: BucketPractice, Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
  return Buffer.from(await Body!.transformToByteArray());
}

describe('an object', () => {
  it('comes back as it was put, with everything that was said of it', async () => {
    const p = await bucketPractice();
    const { client, Bucket } = p;
    const Body = pattern(3.5 * MIB);
    const said = {
      ContentType: 'text/x-test',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { pack: 'one', other: 'a b' },
    };
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body, ...said, Tagging: 'a=1&b=2' }),
    );
    expect(put.ETag).toBe(`"${md5Hex(Body)}"`);
    expect(put.VersionId).toBeUndefined();
    expect((await read(p, 'k')).equals(Body)).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(head).toMatchObject({
      ...said,
      ETag: put.ETag,
      ContentLength: Body.length,
      AcceptRanges: 'bytes',
    });
    expect(head.StorageClass).toBeUndefined();
    expect(head.LastModified!.getTime()).toBe(Math.floor(p.simulator.now() / 1000) * 1000);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(got.TagCount).toBe(2);
    got
      .Body!.transformToWebStream()
      .cancel()
      .catch(() => undefined);
  });

  it('that is empty is one too', async () => {
    const p = await bucketPractice();
    await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: 'empty', Body: Buffer.alloc(0) }));
    expect(await read(p, 'empty')).toHaveLength(0);
    expect(await refusal(read(p, 'empty', 'bytes=0-0'))).toEqual([416, 'InvalidRange']);
  });

  it('is replaced by the next of its key, and gone when deleted', async () => {
    const p = await bucketPractice();
    const { client, Bucket } = p;
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'one' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'two' }));
    expect((await read(p, 'k')).toString()).toBe('two');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(await refusal(read(p, 'k'))).toEqual([404, 'NoSuchKey']);
    expect(await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).toEqual([
      404,
      'NotFound',
    ]);
  });

  it('can have any key', async () => {
    const p = await bucketPractice();
    const keys = [
      'a b',
      'a+b',
      '//',
      '/',
      '../../x',
      'ä/ö 猫 😀',
      '%41',
      'a?b=c&d#e',
      "!'()*~",
      'a\nb',
      'ends/',
      '.',
      '..',
    ];
    for (const Key of keys) await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key, Body: Key }));
    for (const key of keys) expect((await read(p, key)).toString()).toBe(key);
  });

  it('keeps its key whatever the key is', async () => {
    const p = await bucketPractice();
    const Key = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(Key, async (key) => {
        await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: key, Body: key }));
        expect((await read(p, key)).toString()).toBe(key);
        await p.client.send(new DeleteObjectCommand({ Bucket: p.Bucket, Key: key }));
      }),
      { numRuns: 50 },
    );
  });

  it('is not taken under a key that is too long, or with too much metadata', async () => {
    const { client, Bucket } = await bucketPractice();
    const long = new PutObjectCommand({ Bucket, Key: 'ä'.repeat(513), Body: Buffer.alloc(0) });
    expect(await refusal(client.send(long))).toEqual([400, 'KeyTooLongError']);
    const Metadata = { a: 'x'.repeat(2048) };
    const heavy = new PutObjectCommand({ Bucket, Key: 'k', Body: Buffer.alloc(0), Metadata });
    expect(await refusal(client.send(heavy))).toEqual([400, 'MetadataTooLarge']);
  });
});

describe('a range', () => {
  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=5-', 5, 100],
    ['bytes=-7', 93, 100],
    ['bytes=-1000', 0, 100],
    ['bytes=90-1000', 90, 100],
  ])('%s is what it says', async (range, from, to) => {
    const p = await bucketPractice();
    const Body = pattern(100);
    await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body }));
    const got = await p.client.send(new GetObjectCommand({ Bucket: p.Bucket, Key: 'k', Range: range }));
    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(`bytes ${from}-${to - 1}/100`);
    expect(Buffer.from(await got.Body!.transformToByteArray())).toEqual(Body.subarray(from, to));
  });

  it('beyond the end is refused, one that is none is read over', async () => {
    const p = await bucketPractice();
    await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body: 'abc' }));
    expect(await refusal(read(p, 'k', 'bytes=3-'))).toEqual([416, 'InvalidRange']);
    for (const none of ['bytes=2-1', 'bytes=0-0,2-2', 'lines=1-2', 'bytes=-'])
      expect((await read(p, 'k', none)).toString()).toBe('abc');
  });
});

describe('a condition', () => {
  it('on reading is kept', async () => {
    const { client, Bucket, simulator } = await bucketPractice();
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    const get = (more: object): Promise<unknown> =>
      client.send(new GetObjectCommand({ Bucket, Key: 'k', ...more }));
    const [before, after] = [new Date(simulator.now() - 60_000), new Date(simulator.now() + 60_000)];
    await get({ IfMatch: ETag });
    await get({ IfNoneMatch: '"x"', IfModifiedSince: after });
    await get({ IfUnmodifiedSince: after });
    expect((await refusal(get({ IfMatch: '"x"' })))[0]).toBe(412);
    expect((await refusal(get({ IfUnmodifiedSince: before })))[0]).toBe(412);
    expect((await refusal(get({ IfNoneMatch: ETag })))[0]).toBe(304);
    expect((await refusal(get({ IfModifiedSince: after })))[0]).toBe(304);
  });

  it('on writing is kept', async () => {
    const { client, Bucket } = await bucketPractice();
    const put = (more: object): Promise<{ ETag?: string | undefined }> =>
      client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', ...more }));
    expect(await refusal(put({ IfMatch: '"x"' }))).toEqual([404, 'NoSuchKey']);
    const { ETag } = await put({ IfNoneMatch: '*' });
    expect(await refusal(put({ IfNoneMatch: '*' }))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(put({ IfMatch: '"x"' }))).toEqual([412, 'PreconditionFailed']);
    await put({ IfMatch: ETag });
    expect((await refusal(put({ IfNoneMatch: '"x"' })))[0]).toBe(501);
  });

  it('on writing is a conflict while another such write is under way', async () => {
    const { client, Bucket, simulator } = await bucketPractice();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const slow = client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'k',
        Body: Readable.fromWeb(readable as never),
        ContentLength: 6,
        IfNoneMatch: '*',
      }),
    );
    await writer.write(Buffer.from('abc'));
    while ((simulator.counts().operations['PutObject'] ?? 0) === 0) await new Promise(setImmediate);
    const second = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', IfNoneMatch: '*' });
    expect(await refusal(client.send(second))).toEqual([409, 'ConditionalRequestConflict']);
    await writer.write(Buffer.from('def'));
    await writer.close();
    await slow;
    expect(await refusal(client.send(second))).toEqual([412, 'PreconditionFailed']);
  });
});

describe('a checksum', () => {
  it.each(['CRC32', 'SHA1', 'SHA256'] as const)(
    '%s is checked, kept and told, sent before or behind the body',
    async (ChecksumAlgorithm) => {
      const { client, Bucket } = await bucketPractice();
      const data = pattern(200_000);
      const streamed = {
        Body: Readable.from([data.subarray(0, 70_000), data.subarray(70_000)]),
        ContentLength: data.length,
      };
      for (const sent of [{ Body: data }, streamed]) {
        const put = await client.send(new PutObjectCommand({ Bucket, Key: 'k', ChecksumAlgorithm, ...sent }));
        const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
        expect(Buffer.from(await got.Body!.transformToByteArray())).toEqual(data);
        const field = `Checksum${ChecksumAlgorithm}` as const;
        expect(got[field]).toMatch(/=$/);
        expect(put[field] ?? got[field]).toBe(got[field]);
        expect(got.ChecksumType).toBe('FULL_OBJECT');
      }
    },
  );

  it('that is wrong is refused, and nothing is stored', async () => {
    const { client, Bucket } = await bucketPractice();
    const wrong = {
      ChecksumCRC32: Buffer.alloc(4, 1).toString('base64'),
      ChecksumCRC32C: Buffer.alloc(4, 1).toString('base64'),
      ChecksumCRC64NVME: Buffer.alloc(8, 1).toString('base64'),
      ChecksumSHA1: Buffer.alloc(20, 1).toString('base64'),
      ChecksumSHA256: Buffer.alloc(32, 1).toString('base64'),
      ContentMD5: Buffer.alloc(16, 1).toString('base64'),
    };
    for (const [name, value] of Object.entries(wrong)) {
      const put = new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', [name]: value });
      expect(await refusal(client.send(put)), name).toEqual([400, 'BadDigest']);
    }
    const short = new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', ChecksumSHA256: 'AAAA' });
    expect(await refusal(client.send(short))).toEqual([400, 'InvalidRequest']);
    const noMd5 = new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', ContentMD5: 'AAAA' });
    expect(await refusal(client.send(noMd5))).toEqual([400, 'InvalidDigest']);
    expect(await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).toEqual([
      404,
      'NotFound',
    ]);
  });

  it('is the known one of a known text', async () => {
    const { client, Bucket } = await bucketPractice();
    const right = {
      ChecksumCRC32: 'y/Q5Jg==',
      ChecksumCRC32C: '4waSgw==',
      ChecksumCRC64NVME: 'rosUhgp5mIg=',
    };
    for (const [name, value] of Object.entries(right)) {
      await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '123456789', [name]: value }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
      expect(head).toMatchObject({ [name]: value });
    }
  });

  it('is CRC64NVME where the client states none', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const client = s3ClientOf(simulator, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '123456789' }));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC64NVME).toBe('rosUhgp5mIg=');
    const plain = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(plain.ChecksumCRC64NVME).toBeUndefined();
  });
});

describe('a storage class', () => {
  it.each<StorageClass>([
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'REDUCED_REDUNDANCY',
  ])('%s is kept, told, and read at once', async (StorageClass) => {
    const p = await bucketPractice();
    await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body: 'x', StorageClass }));
    const head = await p.client.send(new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(head.StorageClass).toBe(StorageClass);
    expect((await read(p, 'k')).toString()).toBe('x');
  });

  it('nobody knows is refused', async () => {
    const { client, Bucket } = await bucketPractice();
    const put = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', StorageClass: 'COLD' as StorageClass });
    expect(await refusal(client.send(put))).toEqual([400, 'InvalidStorageClass']);
  });
});

describe('a copy', () => {
  it('has the bytes, and the properties unless they are replaced', async () => {
    const p = await bucketPractice();
    const { client, Bucket } = p;
    const Metadata = { a: '1' };
    await client.send(new PutObjectCommand({ Bucket, Key: 'a b+ä', Body: 'abc', Metadata, Tagging: 't=1' }));
    const CopySource = `${Bucket}/${encodeURIComponent('a b+ä')}`;
    const { CopyObjectResult } = await client.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource }));
    expect(CopyObjectResult?.ETag).toBe(`"${md5Hex('abc')}"`);
    expect((await read(p, 'c')).toString()).toBe('abc');
    const kept = await client.send(new HeadObjectCommand({ Bucket, Key: 'c' }));
    expect(kept).toMatchObject({ Metadata, TagCount: 1 });
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'c',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
        StorageClass: 'GLACIER_IR',
      }),
    );
    const replaced = await client.send(new HeadObjectCommand({ Bucket, Key: 'c' }));
    expect(replaced).toMatchObject({ Metadata: { b: '2' }, StorageClass: 'GLACIER_IR' });
  });

  it('onto itself must change something', async () => {
    const { client, Bucket } = await bucketPractice();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    const self = { Bucket, Key: 'k', CopySource: `${Bucket}/k` };
    expect(await refusal(client.send(new CopyObjectCommand(self)))).toEqual([400, 'InvalidRequest']);
    await client.send(new CopyObjectCommand({ ...self, StorageClass: 'DEEP_ARCHIVE' }));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(head.StorageClass).toBe('DEEP_ARCHIVE');
    expect(await refusal(client.send(new CopyObjectCommand({ ...self, Key: 'l' })))).toEqual([
      403,
      'ObjectNotInActiveTierError',
    ]);
  });

  it('of what is not there is refused', async () => {
    const { client, Bucket } = await bucketPractice();
    const copy = (CopySource: string): Promise<unknown> =>
      client.send(new CopyObjectCommand({ Bucket, Key: 'k', CopySource }));
    expect(await refusal(copy(`${Bucket}/none`))).toEqual([404, 'NoSuchKey']);
    expect(await refusal(copy('no-such-bucket/none'))).toEqual([404, 'NoSuchBucket']);
    expect(await refusal(copy('nothing'))).toEqual([400, 'InvalidArgument']);
  });
});

describe('many at once', () => {
  it('are deleted, each told of unless quiet', async () => {
    const { client, Bucket } = await bucketPractice();
    for (const Key of ['a', ' b ', 'c&d'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const Objects = [{ Key: 'a' }, { Key: ' b ' }, { Key: 'none' }];
    const loud = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(loud.Deleted?.map(({ Key }) => Key?.trim())).toEqual(['a', 'b', 'none']);
    const quiet = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'c&d' }] } }),
    );
    expect(quiet.Deleted).toBeUndefined();
    for (const Key of ['a', ' b ', 'c&d'])
      expect((await failure(client.send(new HeadObjectCommand({ Bucket, Key })))).name).toBe('NotFound');
  });
});

describe('a body', () => {
  it('of 64 MiB goes there and back', async () => {
    const p = await bucketPractice();
    const Body = pattern(64 * MIB);
    const put = new PutObjectCommand({
      Bucket: p.Bucket,
      Key: 'k',
      Body,
      ChecksumSHA256: sha256Base64(Body),
    });
    await p.client.send(put);
    expect((await read(p, 'k')).equals(Body)).toBe(true);
  });
});
