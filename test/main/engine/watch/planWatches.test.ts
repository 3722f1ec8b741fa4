/** Plans that run when something has changed, on a real catalog and real folders; the clock is ours. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openCatalog, type Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { addPlan, changePlan, findPlan } from '../../../../src/main/engine/catalog/plans.ts';
import { addTarget } from '../../../../src/main/engine/catalog/targets.ts';
import { PlanWatches } from '../../../../src/main/engine/watch/planWatches.ts';
import { tempFolder } from '../pack/samplePack.ts';

const MINUTE = 60_000;
let catalog: Catalog;
let watches: PlanWatches;
afterEach(async () => {
  await watches.close();
  await catalog.close();
});

it('is due two minutes after the last change, until a run takes it', async () => {
  const dir = tempFolder();
  const source = join(dir, 'source');
  mkdirSync(source);
  catalog = await openCatalog(join(dir, 'catalog.db'));
  await catalog.transaction(async (tx) => {
    const settings = { kind: 'folder', path: '/attic', create: false, packMiB: 64 } as const;
    const uid = 'a'.repeat(32);
    const target = await addTarget(tx, { name: 'attic', settings, packBytes: 2 ** 26, uid, createdAt: 1 });
    const plan = { name: 'docs', uid, target, sources: [Buffer.from(source)], excludes: [], createdAt: 1 };
    await addPlan(tx, { ...plan, schedule: 'when changed' });
  });
  let now = 1_000_000;
  let told = 0;
  watches = new PlanWatches({ catalog, onHint: () => told++, onNotice: () => undefined, now: () => now });
  await watches.sync();
  // What changed before it was watched is found by a scan.
  expect(watches.dueAt('docs')).toBe(now);
  told = 0;
  now += 10 * MINUTE;
  watches.begun('docs');
  expect(watches.dueAt('docs')).toBeNull();

  for (let tries = 0; told === 0 && tries < 100; tries++) {
    writeFileSync(join(source, 'file'), String(tries));
    await sleep(50);
  }
  expect(watches.dueAt('docs')).toBe(now + 2 * MINUTE);
  now += MINUTE;
  watches.begun('docs');
  expect(watches.dueAt('docs')).toBeNull();
  watches.scanAll();
  expect(watches.dueAt('docs')).toBe(now);

  const plan = await findPlan(catalog, 'docs');
  await catalog.transaction((tx) =>
    changePlan(tx, plan?.id ?? expect.fail('no plan'), { schedule: 'daily 02:00', scheduledAt: now }),
  );
  await watches.sync();
  expect(watches.dueAt('docs')).toBeNull();
});
