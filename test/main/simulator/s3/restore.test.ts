import {
  GetObjectCommand,
  HeadObjectCommand,
  InvalidObjectState,
  ListObjectsV2Command,
  PutObjectCommand,
  RestoreObjectCommand,
  type StorageClass,
  type Tier,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { expiry } from '../../../../src/main/simulator/s3/restore.ts';
import { DAY, HOUR } from '../practice.ts';
import { type BucketPractice, bucketPractice, failure, refusal } from './practice.ts';

async function archived(StorageClass: StorageClass): Promise<BucketPractice> {
  const p = await bucketPractice();
  await p.client.send(new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body: 'cold', StorageClass }));
  return p;
}

async function restore(
  { client, Bucket }: BucketPractice,
  Tier?: Tier,
  Days: number | undefined = 1,
): Promise<number> {
  const RestoreRequest = { Days, ...(Tier === undefined ? {} : { GlacierJobParameters: { Tier } }) };
  const { $metadata } = await client.send(new RestoreObjectCommand({ Bucket, Key: 'k', RestoreRequest }));
  return $metadata.httpStatusCode!;
}

async function shown({ client, Bucket }: BucketPractice): Promise<string | undefined> {
  return (await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).Restore;
}

const get = ({ client, Bucket }: BucketPractice): Promise<unknown> =>
  client.send(new GetObjectCommand({ Bucket, Key: 'k' }));

describe('an archived object', () => {
  it.each<[StorageClass, Tier | undefined, number]>([
    ['GLACIER', 'Expedited', 3 / 60],
    ['GLACIER', 'Standard', 4],
    ['GLACIER', 'Bulk', 8],
    ['GLACIER', undefined, 4],
    ['DEEP_ARCHIVE', 'Standard', 12],
    ['DEEP_ARCHIVE', 'Bulk', 48],
  ])(
    'of %s is restored by %s after %f hours, and archived again later',
    async (storageClass, tier, hours) => {
      const p = await archived(storageClass);
      expect(await refusal(get(p))).toEqual([403, 'InvalidObjectState']);
      expect(await shown(p)).toBeUndefined();
      const asked = p.simulator.now();
      expect(await restore(p, tier, 2)).toBe(202);
      p.simulator.advance(hours * HOUR - 1);
      expect(await shown(p)).toBe('ongoing-request="true"');
      expect(await refusal(get(p))).toEqual([403, 'InvalidObjectState']);
      p.simulator.advance(1);
      const expiresAt = expiry(asked + hours * HOUR, 2);
      expect(await shown(p)).toBe(
        `ongoing-request="false", expiry-date="${new Date(expiresAt).toUTCString()}"`,
      );
      await get(p);
      const head = await p.client.send(new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
      expect(head.StorageClass).toBe(storageClass);
      p.simulator.advance(expiresAt - p.simulator.now() - 1);
      await get(p);
      p.simulator.advance(1);
      expect(await refusal(get(p))).toEqual([403, 'InvalidObjectState']);
      expect(await shown(p)).toBeUndefined();
    },
  );

  it('tells its class where it cannot be read', async () => {
    const error = await failure(get(await archived('DEEP_ARCHIVE')));
    expect(error).toBeInstanceOf(InvalidObjectState);
    expect(error).toMatchObject({ StorageClass: 'DEEP_ARCHIVE' });
  });

  it('is asked for once, or again by a faster tier', async () => {
    const p = await archived('GLACIER');
    expect(await restore(p, 'Bulk')).toBe(202);
    expect(await refusal(restore(p, 'Bulk'))).toEqual([409, 'RestoreAlreadyInProgress']);
    expect(await refusal(restore(p, 'Standard', 2))).toEqual([409, 'RestoreAlreadyInProgress']);
    expect(await restore(p, 'Standard')).toBe(202);
    p.simulator.advance(4 * HOUR);
    await get(p);
  });

  it('is never later for being asked for faster', async () => {
    const p = await archived('GLACIER');
    await restore(p, 'Bulk');
    p.simulator.advance(7 * HOUR);
    await restore(p, 'Standard');
    p.simulator.advance(HOUR);
    await get(p);
  });

  it('that is restored stays so for as long as is asked from now on', async () => {
    const p = await archived('GLACIER');
    await restore(p, 'Expedited', 1);
    p.simulator.advance(HOUR);
    expect(await restore(p, 'Bulk', 10)).toBe(200);
    expect(await shown(p)).toContain(new Date(expiry(p.simulator.now(), 10)).toUTCString());
    p.simulator.advance(9 * DAY);
    await get(p);
    expect(await restore(p, 'Bulk', 1)).toBe(200);
    p.simulator.advance(2 * DAY);
    expect(await refusal(get(p))).toEqual([403, 'InvalidObjectState']);
  });

  it('of DEEP_ARCHIVE has no expedited way', async () => {
    expect(await refusal(restore(await archived('DEEP_ARCHIVE'), 'Expedited'))).toEqual([
      400,
      'InvalidArgument',
    ]);
  });

  it('has no expedited way while capacity is short', async () => {
    const p = await archived('GLACIER');
    p.simulator.setMode({ noExpeditedCapacity: true });
    expect(await refusal(restore(p, 'Expedited'))).toEqual([503, 'GlacierExpeditedRetrievalNotAvailable']);
    expect(await restore(p, 'Standard')).toBe(202);
  });

  it('needs a number of days', async () => {
    const p = await archived('GLACIER');
    expect(await refusal(restore(p, 'Bulk', 0))).toEqual([400, 'InvalidArgument']);
    const without = new RestoreObjectCommand({ Bucket: p.Bucket, Key: 'k', RestoreRequest: {} });
    expect(await refusal(p.client.send(without))).toEqual([400, 'MalformedXML']);
  });

  it('that is replaced is another one', async () => {
    const p = await archived('GLACIER');
    await restore(p, 'Expedited');
    await p.client.send(
      new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body: 'new', StorageClass: 'GLACIER' }),
    );
    expect(await shown(p)).toBeUndefined();
  });

  it('can be made to lose its copy', async () => {
    const p = await archived('GLACIER');
    await restore(p, 'Expedited');
    p.simulator.advance(HOUR);
    await get(p);
    await p.simulator.act('expire-outputs');
    expect(await refusal(get(p))).toEqual([403, 'InvalidObjectState']);
  });

  it('tells in a listing how its restore is', async () => {
    const p = await archived('GLACIER');
    const listed = async (): Promise<unknown> => {
      const list = new ListObjectsV2Command({
        Bucket: p.Bucket,
        OptionalObjectAttributes: ['RestoreStatus'],
      });
      return (await p.client.send(list)).Contents?.[0]?.RestoreStatus;
    };
    expect(await listed()).toBeUndefined();
    await restore(p, 'Expedited');
    expect(await listed()).toEqual({ IsRestoreInProgress: true });
    p.simulator.advance(HOUR);
    const RestoreExpiryDate = new Date(expiry(p.simulator.now() - HOUR + 3 * 60_000, 1));
    expect(await listed()).toEqual({ IsRestoreInProgress: false, RestoreExpiryDate });
  });
});

describe('an object that is not archived', () => {
  it.each<[StorageClass, string]>([
    ['STANDARD', 'InvalidObjectState'],
    ['GLACIER_IR', 'InvalidObjectState'],
    ['INTELLIGENT_TIERING', 'ObjectAlreadyInActiveTierError'],
  ])('of %s is not restored', async (storageClass, code) => {
    expect(await refusal(restore(await archived(storageClass)))).toEqual([403, code]);
  });

  it('nor is one that is not there', async () => {
    const { client, Bucket } = await bucketPractice();
    const none = new RestoreObjectCommand({ Bucket, Key: 'none', RestoreRequest: { Days: 1 } });
    expect(await refusal(client.send(none))).toEqual([404, 'NoSuchKey']);
  });
});

describe('a copy runs out', () => {
  it.each([
    ['2012-10-15T10:30:00Z', 3, '2012-10-19T00:00:00Z'],
    ['2012-10-15T00:00:00Z', 1, '2012-10-16T00:00:00Z'],
    ['2012-12-31T23:59:59Z', 1, '2013-01-02T00:00:00Z'],
  ])('restored at %s for %d days, at %s', (from, days, until) => {
    expect(expiry(Date.parse(from), days)).toBe(Date.parse(until));
  });
});
