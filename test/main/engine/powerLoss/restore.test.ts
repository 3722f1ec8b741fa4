import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isEnded } from '../../../../src/shared/types.ts';
import { expectTree } from './expectTree.ts';
import { Stage, withPerson } from './stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.remove());

it('a power cut in a restore loses no order, pays for nothing twice, and what it restored is whole', async () => {
  await stage.before(async (person) => {
    await person.plan(stage.source);
    await person.backup();
  });
  const states = await stage.explore(stage.moments('restore', stage.out), async (promised) => {
    await withPerson(stage.profile, async (person) => {
      const [order] = await person.ask('orders:list', {});
      if (promised.includes('order')) expect(order).toBeDefined();
      if (promised.includes('restored')) expect(order?.state).toBe('done');
      if (order === undefined) await person.restore(stage.out);
      else if (!isEnded(order.state)) await person.resume();
      const [done] = await person.ask('orders:list', {});
      expect(await retrievalsPaid()).toBe(done?.retrievals.total);
    });
    await expectTree(stage.source, stage.out);
    expect(readdirSync(join(stage.profile, 'restore'))).toEqual([]);
  });
  expect(states).toBeGreaterThan(12);
}, 3_600_000);

/** Jobs the vault was ever asked for. */
async function retrievalsPaid(): Promise<number> {
  const answer = await fetch(`${process.env.AWS_ENDPOINT_URL_GLACIER}/-simulator/state`);
  const { vaults } = (await answer.json()) as { readonly vaults: readonly { readonly jobs: number }[] };
  return vaults.reduce((sum, { jobs }) => sum + jobs, 0);
}
