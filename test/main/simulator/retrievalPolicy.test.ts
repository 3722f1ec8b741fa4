import { join } from 'node:path';
import {
  CreateVaultCommand,
  GetDataRetrievalPolicyCommand,
  InitiateJobCommand,
  ListJobsCommand,
  SetDataRetrievalPolicyCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/main/simulator/glacier/store.ts';
import {
  clientOf,
  DAY,
  HOUR,
  MIB,
  pattern,
  type Practice,
  practice,
  refusal,
  start,
  upload,
} from './practice.ts';

const accountId = '-';
const invalid = [400, 'InvalidParameterValueException', expect.anything()];
const missing = [400, 'MissingParameterValueException', expect.anything()];
const enforced = [
  400,
  'PolicyEnforcedException',
  'InitiateJob request denied by current data retrieval policy.',
];

interface Rule {
  readonly Strategy?: string;
  readonly BytesPerHour?: number;
}

async function set({ client }: Practice, Rules: Rule[] | undefined): Promise<void> {
  const command = new SetDataRetrievalPolicyCommand({ accountId, Policy: { Rules } });
  expect((await client.send(command)).$metadata.httpStatusCode).toBe(204);
}

async function rulesOf({ client }: Practice): Promise<unknown> {
  const answer = await client.send(new GetDataRetrievalPolicyCommand({ accountId }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  return answer.Policy?.Rules;
}

async function retrieve({ client, vaultName }: Practice, ArchiveId: string, more = {}): Promise<void> {
  const jobParameters = { Type: 'archive-retrieval', ArchiveId, ...more };
  await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
}

describe('the data retrieval policy', () => {
  it('is none at first, and what it was last set to', async () => {
    const p = await practice();
    expect(await rulesOf(p)).toEqual([{ Strategy: 'None' }]);
    for (const rule of [
      { Strategy: 'FreeTier' },
      { Strategy: 'BytesPerHour', BytesPerHour: 1 },
      { Strategy: 'None' },
    ]) {
      await set(p, [rule]);
      await set(p, [rule]);
      expect(await rulesOf(p)).toEqual([rule]);
    }
    await set(p, [{ Strategy: 'BytesPerHour', BytesPerHour: 2 ** 63 }]);
  });

  it.each<[Rule[] | undefined, unknown]>([
    [undefined, missing],
    [[], invalid],
    [[{ Strategy: 'None' }, { Strategy: 'None' }], invalid],
    [[{}], missing],
    [[{ Strategy: 'Cheap' }], invalid],
    [[{ Strategy: 'None', BytesPerHour: 1 }], invalid],
    [[{ Strategy: 'FreeTier', BytesPerHour: 1 }], invalid],
    [[{ Strategy: 'BytesPerHour' }], missing],
    [[{ Strategy: 'BytesPerHour', BytesPerHour: 0 }], invalid],
    [[{ Strategy: 'BytesPerHour', BytesPerHour: 1.5 }], invalid],
    [[{ Strategy: 'BytesPerHour', BytesPerHour: 2 ** 64 }], invalid],
  ])('cannot be %j', async (rules, refused) => {
    const p = await practice();
    await set(p, [{ Strategy: 'FreeTier' }]);
    expect(await refusal(set(p, rules))).toEqual(refused);
    expect(await rulesOf(p)).toEqual([{ Strategy: 'FreeTier' }]);
  });
});

describe('a limit of bytes per hour', () => {
  it('counts Standard retrievals under way in all vaults, each over four hours', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(4 * MIB));
    await set(p, [{ Strategy: 'BytesPerHour', BytesPerHour: 2 * MIB }]);
    await p.client.send(new CreateVaultCommand({ accountId, vaultName: 'other' }));
    const other = { ...p, vaultName: 'other' };
    const elsewhere = await upload(other, pattern(4 * MIB));
    await retrieve(p, archiveId);
    await retrieve(other, elsewhere, { RetrievalByteRange: `0-${3 * MIB - 1}` });
    expect(await refusal(retrieve(p, archiveId, { RetrievalByteRange: `0-${2 * MIB - 1}` }))).toEqual(
      enforced,
    );
    await retrieve(p, archiveId, { RetrievalByteRange: `0-${MIB - 1}` });
    expect(await refusal(retrieve(p, archiveId, { RetrievalByteRange: `0-${MIB - 1}` }))).toEqual(enforced);
    p.simulator.advance(4 * HOUR);
    await retrieve(p, archiveId);
    await retrieve(p, archiveId);
    expect(await refusal(retrieve(p, archiveId))).toEqual(enforced);
    const { JobList } = await p.client.send(new ListJobsCommand({ accountId, vaultName: p.vaultName }));
    expect(JobList).toHaveLength(4);
  });

  it('is none for other tiers and for inventories', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(MIB));
    await set(p, [{ Strategy: 'BytesPerHour', BytesPerHour: 1 }]);
    expect(await refusal(retrieve(p, archiveId, { Tier: 'Standard' }))).toEqual(enforced);
    await retrieve(p, archiveId, { Tier: 'Bulk' });
    await retrieve(p, archiveId, { Tier: 'Expedited' });
    p.simulator.advance(DAY);
    const jobParameters = { Type: 'inventory-retrieval' };
    await p.client.send(new InitiateJobCommand({ accountId, vaultName: p.vaultName, jobParameters }));
  });

  it('leaves jobs alone that began before it', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(MIB));
    await retrieve(p, archiveId);
    await set(p, [{ Strategy: 'BytesPerHour', BytesPerHour: 1 }]);
    p.simulator.advance(4 * HOUR);
    const list = new ListJobsCommand({ accountId, vaultName: p.vaultName, statuscode: 'Succeeded' });
    expect((await p.client.send(list)).JobList).toHaveLength(1);
  });
});

/** A simulator in which one archive is as big as nobody would upload for a test: only its record is there. */
async function withBigArchive(size: number): Promise<[Practice, string]> {
  const p = await practice({ speed: 0 });
  const now = p.simulator.now();
  await p.simulator.close();
  const store = await openStore(join(p.dir, 'glacier'), 'none');
  const archive = {
    id: 'big',
    description: '',
    createdAt: now,
    size,
    treeHash: 'a'.repeat(64),
    deletedAt: null,
  };
  await store.commit(now, [{ put: 'archive', of: p.vaultName, archive }]);
  await store.close();
  const simulator = await start(p.dir);
  return [{ ...p, simulator, client: clientOf(simulator) }, 'big'];
}

describe('the free tier', () => {
  it('lets a day have its share of 10 GiB a month, and the next day its own', async () => {
    const most = Math.floor((10 * 1024 ** 3) / 31);
    const [p, archiveId] = await withBigArchive(most);
    // To the first midnight of a month of 31 days, by the service's clock.
    const now = new Date(p.simulator.now());
    let month = now.getUTCMonth() + 1;
    while (new Date(Date.UTC(now.getUTCFullYear(), month + 1, 0)).getUTCDate() !== 31) month += 1;
    p.simulator.advance(Date.UTC(now.getUTCFullYear(), month, 1) - p.simulator.now());
    await set(p, [{ Strategy: 'FreeTier' }]);
    await retrieve(p, archiveId);
    const little = await upload(p, pattern(1));
    expect(await refusal(retrieve(p, little))).toEqual(enforced);
    p.simulator.advance(DAY - 1);
    expect(await refusal(retrieve(p, little))).toEqual(enforced);
    p.simulator.advance(1);
    await retrieve(p, archiveId);
  });

  it('does not let more go at once than a day has', async () => {
    const [p, archiveId] = await withBigArchive(10 * 1024 ** 3);
    await set(p, [{ Strategy: 'FreeTier' }]);
    expect(await refusal(retrieve(p, archiveId))).toEqual(enforced);
    await retrieve(p, archiveId, { Tier: 'Bulk' });
  });
});
