/** Plans that are asked for while another runs wait for their turn. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunSummary } from '../../../../src/shared/types.ts';
import { Scene } from '../scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = new Scene();
  await scene.setUp();
  writeFileSync(join(scene.source, 'a'), randomBytes(6_000_000));
  for (const name of ['photos', 'music']) {
    mkdirSync(scene.path(name));
    writeFileSync(scene.path(name, 'file'), name);
    await scene.ask('plans:add', { name, target: 'attic', sources: [scene.path(name)] });
  }
});
afterEach(async () => {
  await scene.remove();
});

function ended(count: number): Promise<readonly RunSummary[]> {
  return new Promise((resolve) => {
    const runs: RunSummary[] = [];
    const off = scene.engine.on('run:ended', (run) => {
      runs.push(run);
      if (runs.length < count) return;
      off();
      resolve(runs);
    });
  });
}

it('runs one after the other, each once', async () => {
  const all = ended(3);
  await scene.ask('backup:queue', { plans: ['docs', 'photos', 'docs'] });
  await scene.ask('backup:queue', { plans: ['docs', 'music', 'photos'] });
  const waiting = (await scene.ask('plans:list', {})).filter(({ isWaiting }) => isWaiting);
  expect(waiting.map(({ name }) => name)).toEqual(['music', 'photos']);
  const runs = await all;
  expect(runs.map(({ plan, state }) => [plan, state])).toEqual([
    ['docs', 'done'],
    ['photos', 'done'],
    ['music', 'done'],
  ]);
  for (const [i, run] of runs.entries())
    if (i > 0) expect(run.startedAt).toBeGreaterThanOrEqual(runs[i - 1]?.endedAt ?? Infinity);
  expect((await scene.ask('plans:list', {})).some(({ isWaiting }) => isWaiting)).toBe(false);
  expect(await scene.ask('runs:list', {})).toHaveLength(3);
});

it('lets go of one that waits, and refuses what is no plan before anything begins', async () => {
  const all = ended(2);
  expect(await scene.refusal('backup:queue', { plans: ['docs', 'nothing'] })).toMatchObject({
    kind: 'not-found',
  });
  expect(await scene.ask('runs:list', {})).toEqual([]);
  await scene.ask('backup:queue', { plans: ['docs', 'photos', 'music'] });
  await scene.ask('backup:unqueue', { plan: 'photos' });
  expect((await all).map(({ plan }) => plan)).toEqual(['docs', 'music']);
});

it('goes on with the next when one cannot begin, and says why', async () => {
  const notices: string[] = [];
  scene.engine.on('engine:notice', ({ message }) => notices.push(message));
  const all = ended(2);
  await scene.ask('backup:queue', { plans: ['docs', 'photos', 'music'] });
  await scene.ask('plans:edit', { name: 'photos', rename: 'pictures' });
  expect((await all).map(({ plan }) => plan)).toEqual(['docs', 'music']);
  expect(notices).toEqual(['There is no plan named photos.']);
});
