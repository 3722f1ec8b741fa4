import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectTree } from './expectTree.ts';
import { Stage, withPerson } from './stage.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.remove());

it('a power cut while a profile is made and backs up for the first time takes back nothing that was said', async () => {
  const states = await stage.explore(stage.moments('begin', stage.source), async (promised, elsewhere) => {
    await withPerson(stage.profile, async (person, wasNew) => {
      if (promised.includes('keys')) expect(wasNew).toBe(false);
      if (promised.includes('plan')) expect(await person.ask('plans:list', {})).toHaveLength(1);
      if (promised.includes('snapshot')) expect(await person.ask('snapshots:list', {})).toHaveLength(1);
      await person.plan(stage.source);
      await person.backup();
      await person.restore(elsewhere('out'));
    });
    await expectTree(stage.source, elsewhere('out'));
    expect(readdirSync(join(stage.profile, 'staging'))).toEqual([]);
  });
  expect(states).toBeGreaterThan(12);
}, 3_600_000);
