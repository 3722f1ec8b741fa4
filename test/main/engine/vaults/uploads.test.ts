/** Files on their way into a vault as single archives, stopped when one part of three has arrived. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrandSummary } from '../../../../src/shared/archiveTypes.ts';
import { ErrandScene } from './errandScene.ts';

const MIB = 1024 * 1024;

let scene: ErrandScene;
beforeEach(async () => {
  scene = new ErrandScene();
  await scene.start();
});
afterEach(async () => {
  await scene.remove();
});

function file(name: string, bytes: Buffer): string {
  writeFileSync(scene.path(name), bytes);
  return scene.path(name);
}

/** One part arrives; the others are lost on the way, again and again, until the faults are cleared. */
async function halfSent(path: string): Promise<ErrandSummary> {
  scene.simulator.failNext({
    ...{ operation: 'UploadMultipartPart', when: 'drop-before', after: 1, times: 'always' },
  });
  const errand = await scene.ask('uploads:start', { ...scene.photos, path, accept: true });
  const parts = async () => (await scene.ask('openUploads:list', scene.photos)).uploads[0]?.parts;
  while ((await parts()) !== 1) await sleep(10);
  return errand;
}

async function bring(archive: string, to: string): Promise<void> {
  const asked = { ...scene.photos, archive, to, accept: true } as const;
  const errand = await scene.ask('downloads:start', asked);
  await scene.until(errand.id, ({ step }) => step === 'waiting');
  expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done' });
}

describe('a file', () => {
  it('that is sent goes on after the engine ended, and is stored once', async () => {
    const bytes = randomBytes(40 * MIB);
    const path = file('big', bytes);
    const errand = await halfSent(path);
    await scene.reopen();
    scene.simulator.clearFaults();
    const open = await scene.ask('openUploads:list', scene.photos);
    expect(open.uploads).toHaveLength(1);
    await scene.ask('errands:resume', {});
    const ended = await scene.through(errand);
    expect(ended).toMatchObject({ outcome: 'done', verified: 'whole' });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads).toEqual([]);
    await bring(ended.archive ?? '', scene.path('back'));
    expect(readFileSync(scene.path('back')).equals(bytes)).toBe(true);
  });

  it('that changed meanwhile is sent anew as it is now', async () => {
    const path = file('log', randomBytes(33 * MIB));
    const errand = await halfSent(path);
    await scene.close();
    appendFileSync(path, 'one more line');
    await scene.open();
    scene.simulator.clearFaults();
    await scene.ask('errands:resume', {});
    const ended = await scene.through(errand);
    expect(ended).toMatchObject({ outcome: 'done', total: 33 * MIB + 13 });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads).toEqual([]);
    await bring(ended.archive ?? '', scene.path('back'));
    expect(readFileSync(scene.path('back')).equals(readFileSync(path))).toBe(true);
  });

  it('that vanished while it waited ends its upload', async () => {
    const path = file('big', randomBytes(33 * MIB));
    const errand = await halfSent(path);
    await scene.close();
    writeFileSync(path, '');
    await scene.open();
    scene.simulator.clearFaults();
    await scene.ask('errands:resume', {});
    expect(await scene.through(errand)).toMatchObject({ outcome: 'failed', failure: { kind: 'invalid' } });
  });

  it('of which the upload is cancelled leaves nothing at the vault', async () => {
    const path = file('big', randomBytes(33 * MIB));
    const errand = await halfSent(path);
    expect(await scene.ask('errands:cancel', { id: errand.id })).toMatchObject({ outcome: 'cancelled' });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads).toEqual([]);
  });

  it('that is cancelled while everything is carried on stays cancelled', async () => {
    const path = file('big', randomBytes(33 * MIB));
    const errand = await halfSent(path);
    let isOver = false;
    const cancelled = scene.ask('errands:cancel', { id: errand.id }).finally(() => (isOver = true));
    for (let i = 0; i < 3 || !isOver; i++) await scene.ask('errands:resume', {});
    expect(await cancelled).toMatchObject({ outcome: 'cancelled', failure: null });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads).toEqual([]);
    expect(await scene.ask('errands:show', { id: errand.id })).toMatchObject({ outcome: 'cancelled' });
  });
});
