import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectTree } from './expectTree.ts';
import { Stage, withPerson } from './stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.remove());

it('a power cut in a later backup loses no snapshot, and the next one is whole', async () => {
  const before = join(stage.dir, 'before');
  await stage.before(async (person) => {
    await person.plan(stage.source);
    await person.backup();
  });
  expect(spawnSync('cp', ['-a', stage.source, before]).status).toBe(0);
  writeFileSync(join(stage.source, 'many', '3'), 'other words');
  writeFileSync(join(stage.source, 'many', 'new'), Buffer.alloc(300_000, 'new'));
  rmSync(join(stage.source, 'many', '4'));

  const states = await stage.explore(stage.moments('backup', stage.source), async (promised, elsewhere) => {
    await withPerson(stage.profile, async (person) => {
      const snapshots = await person.ask('snapshots:list', {});
      expect(snapshots.length).toBeGreaterThanOrEqual(promised.includes('snapshot') ? 2 : 1);
      await person.backup();
      const all = await person.ask('snapshots:list', {});
      expect(all).toHaveLength(2);
      const [first] = [...all].sort((a, b) => a.startedAt - b.startedAt);
      await person.restore(elsewhere('now'));
      await person.restore(elsewhere('then'), first?.id);
    });
    await expectTree(stage.source, elsewhere('now'));
    await expectTree(before, elsewhere('then'));
    expect(readdirSync(join(stage.profile, 'staging'))).toEqual([]);
  });
  expect(states).toBeGreaterThan(12);
}, 3_600_000);
