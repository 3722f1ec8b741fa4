import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../src/main/cli/demo/compareTrees.ts';
import { Scene } from './scene.ts';

const KILLS = 6;

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(async () => {
  await scene.remove();
});

/** Runs one attempt and kills it after `ms`; resolves to the state it reached, or null when it was killed before. */
function attempt(act: string[], ms: number): Promise<string | null> {
  const child = fork(join(import.meta.dirname, 'killedChild.ts'), [scene.profile, ...act], {
    stdio: 'inherit',
  });
  let state: string | null = null;
  child.on('message', (message: string) => {
    if (message === 'started') setTimeout(() => child.kill('SIGKILL'), ms);
    else state = message;
  });
  return new Promise((resolve) => child.once('exit', () => resolve(state)));
}

async function untilDone(act: string[]): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    const ended = await attempt(act, 20 + Math.random() * 400 * (i + 1));
    if (ended !== null) {
      expect(ended).toBe('done');
      return;
    }
  }
  expect(await attempt(act, 120_000)).toBe('done');
}

describe('killed again and again', () => {
  it('a backup and a restore still end with the same tree, and nothing is left behind', async () => {
    mkdirSync(join(scene.source, 'many'));
    for (let i = 0; i < 400; i++) writeFileSync(join(scene.source, 'many', `${i}`), randomBytes(1 + i * 20));
    for (let i = 0; i < 6; i++) writeFileSync(join(scene.source, `big ${i}`), randomBytes(7_000_000));
    await scene.setUp();
    await scene.close();

    await untilDone(['backup']);
    await untilDone(['restore', scene.path('out')]);

    const comparison = await compareTrees(scene.source, scene.path('out', 'source'));
    expect(comparison).toMatchObject({ differences: [], files: 406 });
    expect(readdirSync(scene.path('out'))).toEqual(['source']);
    expect(readdirSync(join(scene.profile, 'staging'))).toEqual([]);
    expect(readdirSync(join(scene.profile, 'restore'))).toEqual([]);
    await scene.open();
    expect(await scene.ask('snapshots:list', {})).toHaveLength(1);
    // Each data pack is stored once: what a killed run had sent is not sent again.
    const { archives } = await scene.ask('targets:show', { name: 'attic' });
    const files = readdirSync(scene.path('attic', 'archives')).filter((name) => name.startsWith('a1.'));
    expect(files.filter((name) => !name.endsWith('.part')).length).toBe(archives);
  }, 180_000);
});
