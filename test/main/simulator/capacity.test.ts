import {
  InitiateJobCommand,
  ListProvisionedCapacityCommand,
  PurchaseProvisionedCapacityCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { monthLater } from '../../../src/main/simulator/glacier/capacity.ts';
import { DAY, pattern, type Practice, practice, refusal, upload } from './practice.ts';

const accountId = '-';

async function buy({ client }: Practice): Promise<string> {
  const answer = await client.send(new PurchaseProvisionedCapacityCommand({ accountId }));
  expect(answer.$metadata.httpStatusCode).toBe(201);
  return answer.capacityId!;
}

async function units({ client }: Practice): Promise<object[] | undefined> {
  const answer = await client.send(new ListProvisionedCapacityCommand({ accountId }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  return answer.ProvisionedCapacityList;
}

describe('provisioned capacity', () => {
  it('is bought in at most two units, each for a month', async () => {
    const p = await practice({ speed: 0 });
    expect(await units(p)).toEqual([]);
    const started = p.simulator.now();
    const first = await buy(p);
    expect(first).toMatch(/^[\w-]{24}$/);
    expect(await units(p)).toEqual([
      {
        CapacityId: first,
        StartDate: new Date(started).toISOString(),
        ExpirationDate: new Date(monthLater(started)).toISOString(),
      },
    ]);
    p.simulator.advance(DAY);
    const second = await buy(p);
    expect(second).not.toBe(first);
    expect(await units(p)).toHaveLength(2);
    expect(await refusal(buy(p))).toEqual([400, 'LimitExceededException', expect.anything()]);
    p.simulator.advance(monthLater(started) - p.simulator.now());
    expect(await units(p)).toMatchObject([{ CapacityId: second }]);
    await buy(p);
  });

  it('lets Expedited retrievals go when there is no room for any', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const ArchiveId = await upload(p, pattern(10));
    const retrieve = (Tier: string): Promise<unknown> => {
      const jobParameters = { Type: 'archive-retrieval', ArchiveId, Tier };
      return client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
    };
    await retrieve('Expedited');
    simulator.setMode({ noExpeditedCapacity: true });
    const full = [503, 'InsufficientCapacityException', expect.anything()];
    expect(await refusal(retrieve('Expedited'))).toEqual(full);
    await retrieve('Standard');
    await retrieve('Bulk');
    await buy(p);
    await retrieve('Expedited');
    simulator.advance(monthLater(simulator.now()) - simulator.now());
    expect(await refusal(retrieve('Expedited'))).toEqual(full);
  });

  it.each([
    ['2026-01-15T10:20:30.456Z', '2026-02-15T10:20:30.000Z'],
    ['2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['2028-01-30T23:59:59.999Z', '2028-02-29T23:59:59.000Z'],
    ['2026-03-31T12:00:00.000Z', '2026-04-30T12:00:00.000Z'],
    ['2026-02-28T12:00:00.000Z', '2026-03-28T12:00:00.000Z'],
    ['2026-12-31T12:00:00.000Z', '2027-01-31T12:00:00.000Z'],
  ])('from %s ends at %s', (from, until) => {
    expect(new Date(monthLater(Date.parse(from))).toISOString()).toBe(until);
  });
});
