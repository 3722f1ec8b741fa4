import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleScene } from '../requests/consoleScene.ts';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const KILLS = 6;
const ARCHIVES = 20;

let scene: ConsoleScene;
beforeEach(async () => {
  scene = new ConsoleScene();
  await scene.start();
});
afterEach(async () => {
  await scene.remove();
});

/** Carries errands on in a process that is killed after `ms`; resolves to whether it got to the end before. */
function attempt(ms: number): Promise<boolean> {
  const child = fork(join(import.meta.dirname, 'errandsChild.ts'), [scene.profile], { stdio: 'inherit' });
  let isOver = false;
  child.on('message', (message: string) => {
    if (message === 'started') setTimeout(() => child.kill('SIGKILL'), ms);
    else isOver = true;
  });
  return new Promise((resolve) => child.once('exit', () => resolve(isOver)));
}

async function untilOver(): Promise<void> {
  for (let i = 0; i < KILLS; i++) if (await attempt(20 + Math.random() * 300 * (i + 1))) return;
  expect(await attempt(120_000)).toBe(true);
}

describe('killed again and again', () => {
  it('errands still end as they would have, and nothing is asked of the service twice', async () => {
    for (let i = 0; i < ARCHIVES; i++) {
      const path = scene.path(`small ${i}`);
      writeFileSync(path, `small ${i}`);
      await scene.ask('uploads:start', { ...scene.photos, path, description: `small ${i}`, accept: true });
    }
    const bytes = randomBytes(40 * MIB);
    writeFileSync(scene.path('big'), bytes);
    await scene.ask('uploads:start', { ...scene.photos, path: scene.path('big'), accept: true });
    await scene.close();
    await untilOver();

    scene.simulator.advance(25 * HOUR);
    await scene.open();
    const uploads = await scene.ask('errands:list', { kind: 'upload' });
    expect(uploads.map(({ outcome }) => outcome)).toEqual(Array(ARCHIVES + 1).fill('done'));
    const archive = uploads.find(({ total }) => total === bytes.length)?.archive ?? '';
    await scene.ask('inventories:request', scene.photos);
    const to = scene.path('back');
    await scene.ask('downloads:start', { ...scene.photos, archive, to, accept: true });
    while ((await scene.ask('jobs:list', scene.photos)).length < 2);
    await scene.close();
    scene.simulator.advance(6 * HOUR);
    await untilOver();
    expect(readFileSync(to).equals(bytes)).toBe(true);
    expect(readdirSync(scene.dir).filter((name) => name.startsWith('.permafrost'))).toEqual([]);

    await scene.open();
    expect(await scene.ask('jobs:list', scene.photos)).toHaveLength(2);
    const { inventory } = await scene.ask('archives:list', scene.photos);
    // An upload of which the end was lost in a kill is completed once more, and gives the same archive.
    expect(inventory).toMatchObject({ archives: ARCHIVES + 1, duplicates: 0 });
    const all = { ...scene.photos, which: { all: true }, rate: 40, accept: true } as const;
    await scene.ask('clearings:start', all);
    await scene.close();
    await untilOver();

    await scene.open();
    const [clearing] = await scene.ask('errands:list', { kind: 'clearing' });
    expect(clearing).toMatchObject({ outcome: 'done', done: ARCHIVES + 1, total: ARCHIVES + 1 });
    const { archives } = await scene.ask('archives:list', scene.photos);
    expect(archives.every(({ gone }) => gone)).toBe(true);
  }, 120_000);
});
