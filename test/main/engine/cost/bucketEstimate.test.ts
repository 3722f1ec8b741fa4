/** What acts at a bucket are said to cost, beside the bill of the simulator, which has a table and a meter of its own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import {
  backupEstimate,
  copyUntil,
  keepEstimate,
  readEstimate,
  thawEstimate,
} from '../../../../src/main/engine/cost/bucketEstimate.ts';
import { type BucketClass, bucketPrices } from '../../../../src/main/engine/cost/bucketPrices.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { below, randomOf, type Random } from '../crash/randomTree.ts';

const prices = bucketPrices('us-east-1');
const GB = 2 ** 30;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const classes: readonly BucketClass[] = ['STANDARD', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];

/** Hours that the simulator takes. */
const thaws = {
  GLACIER: { expedited: 3 / 60, standard: 4, bulk: 8 },
  DEEP_ARCHIVE: { standard: 12, bulk: 48 },
} as const;

let dir: string;
let simulator: Simulator;
let client: S3Client;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-bucket-prices-'));
  simulator = await startSimulator({ dir, durability: 'none', speed: 0 });
  const { accessKeyId, secretAccessKey, region, url } = simulator;
  const credentials = { accessKeyId, secretAccessKey };
  client = new S3Client({ region, endpoint: url, credentials, forcePathStyle: true, maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  await simulator.close();
  rmSync(dir, { recursive: true });
});

interface Stored {
  readonly Bucket: string;
  readonly class: BucketClass;
  readonly sizes: readonly number[];
  /** Virtual. */
  readonly from: number;
}

async function store(of: BucketClass, random: Random): Promise<Stored> {
  const Bucket = `prices-${randomUUID().slice(0, 8)}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  simulator.advance(HOUR);
  const from = simulator.now();
  const sizes = Array.from({ length: 1 + below(random, 6) }, () => 1 + below(random, 400_000));
  for (const [i, size] of sizes.entries()) {
    const Body = Buffer.alloc(size, i);
    await client.send(new PutObjectCommand({ Bucket, Key: `${i}`, Body, StorageClass: of }));
  }
  return { Bucket, class: of, sizes, from };
}

/** Dollars of one bucket's rows that match; the simulator bills all buckets together. */
async function billed(place: string, from: number, to: number, what: RegExp): Promise<number> {
  const { rows } = await simulator.bill({ from, to });
  const own = rows.filter((row) => row.place === place && what.test(row.line));
  return own.reduce((sum, { usd }) => sum + usd, 0);
}

function monthAfter(at: number, months: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months);
}

describe('the price of a bucket', () => {
  it.each(classes)('of class %s: writing, keeping and reading are what is billed', async (of) => {
    const random = randomOf(classes.indexOf(of) + 1);
    for (let round = 0; round < 5; round++) {
      const stored = await store(of, random);
      const { Bucket, sizes } = stored;
      const backup = backupEstimate({ class: of, objects: sizes, parts: 0 }, prices);
      const writes = await billed(Bucket, stored.from, simulator.now() + 1, /^Write/);
      const [first, next] = [monthAfter(simulator.now(), 1), monthAfter(simulator.now(), 2)];
      simulator.advance(next - simulator.now());
      const kept = await billed(Bucket, first, next, /^Storage/);
      expect(writes + kept).toBeCloseTo(backup.usd, 12);
      expect(keepEstimate(of, sizes, prices).usd).toBeCloseTo(kept, 12);
      expect(kept).toBeGreaterThan(0);
      if (of === 'GLACIER' || of === 'DEEP_ARCHIVE') continue;
      simulator.advance(HOUR);
      const from = simulator.now();
      for (const i of sizes.keys()) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `${i}` }));
        expect((await Body?.transformToByteArray())?.length).toBe(sizes[i]);
      }
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const read = readEstimate({ class: of, requests: sizes.length, bytes }, prices);
      const own = await billed(Bucket, from, simulator.now() + 1, /^Read|^Retrieval|^Download/);
      expect(read.usd).toBeCloseTo(own, 12);
    }
  });

  it.each([
    ['GLACIER', 'expedited', 'Expedited'],
    ['GLACIER', 'standard', 'Standard'],
    ['GLACIER', 'bulk', 'Bulk'],
    ['DEEP_ARCHIVE', 'standard', 'Standard'],
    ['DEEP_ARCHIVE', 'bulk', 'Bulk'],
  ] as const)(
    'thawed from %s, %s, is what is billed, copies over a month and all',
    async (of, tier, Tier) => {
      const random = randomOf(Tier.length + of.length);
      const hours: Partial<Record<typeof tier, number>> = thaws[of];
      for (let round = 0; round < 5; round++) {
        const { Bucket, sizes } = await store(of, random);
        simulator.advance(below(random, 30 * 24) * HOUR + below(random, HOUR));
        const from = simulator.now();
        const Days = 1 + below(random, 45);
        for (const i of sizes.keys()) {
          const RestoreRequest = { Days, GlacierJobParameters: { Tier } };
          await client.send(new RestoreObjectCommand({ Bucket, Key: `${i}`, RestoreRequest }));
        }
        const ready = from + (hours[tier] ?? NaN) * HOUR;
        simulator.advance(ready - from);
        const Range = 'bytes=0-0';
        for (const i of sizes.keys()) {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `${i}`, Range }));
          await Body?.transformToByteArray();
        }
        simulator.advance(50 * DAY);
        const bytes = sizes.reduce((sum, size) => sum + size, 0);
        const copies = { from: ready, until: copyUntil(ready, Days) };
        const thaw = thawEstimate({ class: of, tier, objects: sizes.length, bytes, copies }, prices);
        const read = readEstimate({ class: of, requests: sizes.length, bytes: sizes.length }, prices);
        const own = await billed(Bucket, from, simulator.now(), /^Retrieval|^Temporary|^Read|^Download/);
        expect(thaw.usd + read.usd).toBeCloseTo(own, 12);
        expect(thaw.lines.map(({ what }) => what)).toContain('Temporary copies');
      }
    },
  );

  it('prices a thaw of 1 GB from Deep Archive for a day by hand', () => {
    const from = Date.UTC(2026, 3, 1);
    const copies = { from, until: copyUntil(from, 1) };
    expect(copies.until - from).toBe(DAY);
    const thaw = { class: 'DEEP_ARCHIVE', objects: 16, bytes: GB, copies } as const;
    const { usd } = thawEstimate({ ...thaw, tier: 'standard' }, prices);
    expect(usd).toBeCloseTo(0.02 + 0.0016 + 0.023 / 30, 12);
    expect(() => thawEstimate({ ...thaw, tier: 'expedited' }, prices)).toThrow('no expedited');
  });

  it('counts what is sent in parts as requests of the class and of STANDARD', () => {
    const sent = { class: 'DEEP_ARCHIVE', objects: [GB, GB], parts: 128 } as const;
    const requests = backupEstimate(sent, prices).lines.filter(({ unit }) => unit === 'requests');
    expect(requests.map(({ quantity, usd }) => [quantity, usd])).toEqual([
      [2, 0.0001],
      [130, 0.00065],
    ]);
  });

  it('dates the table and names its region, whatever region was asked for', () => {
    const far = keepEstimate('GLACIER', [1], bucketPrices('eu-north-1'));
    expect(far).toMatchObject({ region: 'us-east-1' });
    expect(far.priceDate).toMatch(/^\d{4}-\d\d-\d\d$/);
  });
});
