import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type StorageClass,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterPrefix, compareKeys, lowerBound } from '../../../../src/main/simulator/s3/keyOrder.ts';
import { entries } from '../../../../src/main/simulator/s3/listing.ts';
import { type BucketPractice, bucketPractice, refusal } from './practice.ts';

async function filled(keys: readonly string[]): Promise<BucketPractice> {
  const p = await bucketPractice();
  for (const Key of keys) await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key, Body: Key }));
  return p;
}

/** All names in the order they are told, page by page. */
async function listed(p: BucketPractice, more: Partial<ListObjectsV2CommandInput> = {}): Promise<string[]> {
  const names: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await p.client.send(
      new ListObjectsV2Command({ Bucket: p.Bucket, ...more, ContinuationToken }),
    );
    const here = [
      ...(page.Contents ?? []).map(({ Key }) => Key!),
      ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
    ];
    expect(page.KeyCount).toBe(here.length);
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    names.push(...here.sort(compareKeys));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return names;
}

const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'c', 'd/', 'd/x', 'é', '\u{ffff}', '😀'];

describe('a listing', () => {
  it('has all keys in the order of their bytes', async () => {
    const p = await filled(keys.toReversed());
    expect(await listed(p)).toEqual(keys);
  });

  it.each([1, 2, 3, 1000])('is the same in pages of %d', async (MaxKeys) => {
    const p = await filled(keys);
    expect(await listed(p, { MaxKeys })).toEqual(keys);
    expect(await listed(p, { MaxKeys, Delimiter: '/' })).toEqual([
      'a',
      'b/',
      'c',
      'd/',
      'é',
      '\u{ffff}',
      '😀',
    ]);
    expect(await listed(p, { MaxKeys, Delimiter: '/', Prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/c/']);
    expect(await listed(p, { MaxKeys, Prefix: 'd/' })).toEqual(['d/', 'd/x']);
    expect(await listed(p, { MaxKeys, StartAfter: 'b/2' })).toEqual(keys.slice(3));
    expect(await listed(p, { MaxKeys, StartAfter: 'e', Prefix: 'b' })).toEqual([]);
  });

  it('of no keys has none, and is not cut', async () => {
    const p = await filled(['a']);
    const none = await p.client.send(new ListObjectsV2Command({ Bucket: p.Bucket, MaxKeys: 0 }));
    expect(none).toMatchObject({ KeyCount: 0, IsTruncated: false, MaxKeys: 0 });
    const answer = p.client.send(new ListObjectsV2Command({ Bucket: p.Bucket, MaxKeys: -1 }));
    expect(await refusal(answer)).toEqual([400, 'InvalidArgument']);
  });

  it('tells of each object', async () => {
    const p = await bucketPractice();
    const StorageClass: StorageClass = 'DEEP_ARCHIVE';
    const put = new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body: 'abc', StorageClass });
    const { ETag } = await p.client.send(put);
    const { Contents } = await p.client.send(
      new ListObjectsV2Command({ Bucket: p.Bucket, FetchOwner: true }),
    );
    expect(Contents).toEqual([
      {
        Key: 'k',
        ETag,
        Size: 3,
        StorageClass,
        LastModified: new Date(Math.floor(p.simulator.now() / 1000) * 1000),
        ChecksumAlgorithm: ['CRC32'],
        ChecksumType: 'FULL_OBJECT',
        Owner: { ID: p.simulator.accountId, DisplayName: p.simulator.accountId },
      },
    ]);
  });

  it('can be asked for encoded', async () => {
    const p = await filled(['a b/\u0001+']);
    const page = await p.client.send(
      new ListObjectsV2Command({ Bucket: p.Bucket, EncodingType: 'url', Prefix: 'a b' }),
    );
    expect(page).toMatchObject({ EncodingType: 'url', Prefix: 'a+b', Contents: [{ Key: 'a+b/%01%2B' }] });
  });

  it('works for old clients', async () => {
    const p = await filled(keys);
    const { Bucket } = p;
    const first = await p.client.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'b/', CommonPrefixes: [{ Prefix: 'b/' }] });
    const second = await p.client.send(new ListObjectsCommand({ Bucket, Delimiter: '/', Marker: 'b/' }));
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['c', 'é', '\u{ffff}', '😀']);
    const plain = await p.client.send(new ListObjectsCommand({ Bucket, MaxKeys: 2 }));
    expect(plain.NextMarker).toBeUndefined();
    expect(plain.Contents?.[0]?.Owner?.ID).toBe(p.simulator.accountId);
  });
});

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '\u{ffff}', '😀'), maxLength: 6 });

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('is searched as if all were looked at', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 20 }), key, (all, wanted) => {
        const sorted = all.toSorted(compareKeys);
        const place = sorted.findIndex((each) => compareKeys(each, wanted) >= 0);
        expect(lowerBound(sorted, wanted)).toBe(place < 0 ? sorted.length : place);
        const from = sorted.findIndex((each) => each.startsWith(wanted));
        if (from < 0) return;
        const last = sorted.findLastIndex((each) => each.startsWith(wanted));
        expect(afterPrefix(sorted, wanted, from)).toBe(last + 1);
      }),
    );
  });

  it('gives the same entries as the definition, wherever a listing goes on', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 20 }),
        key,
        fc.constantFrom('', '/'),
        (all, prefix, delimiter) => {
          const sorted = all.toSorted(compareKeys);
          const isShown = (each: string): boolean => each.length % 3 > 0;
          const names = (after: string): string[] =>
            Array.from(entries(sorted, { prefix, delimiter, after }, isShown), ({ name }) => name);
          const expected = new Set(
            sorted
              .filter((each) => each.startsWith(prefix) && isShown(each))
              .map((each) => {
                const cut = delimiter === '' ? -1 : each.indexOf(delimiter, prefix.length);
                return cut < 0 ? each : each.slice(0, cut + 1);
              }),
          );
          const whole = names('');
          expect(whole).toEqual([...expected]);
          for (const [place, name] of whole.entries()) expect(names(name)).toEqual(whole.slice(place + 1));
        },
      ),
    );
  });
});
