import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import { MIB, partOf } from '../target/contract.ts';
import { ConsoleScene } from './consoleScene.ts';

let scene: ConsoleScene;
beforeEach(async () => {
  scene = new ConsoleScene();
  await scene.start();
});
afterEach(() => scene.remove());

describe('vaults', () => {
  it('are made, shown, listed by name and deleted', async () => {
    expect(await scene.ask('vaults:create', scene.photos)).toMatchObject({
      vault: 'photos',
      archives: 0,
      bytes: 0,
      inventoryAt: null,
      targets: [],
    });
    const made = await scene.ask('vaults:show', scene.photos);
    expect(made.arn).toMatch(/^arn:aws:glacier:us-east-1:\d{12}:vaults\/photos$/);
    // More than one page of the service.
    for (let i = 0; i < 12; i += 1) await scene.ask('vaults:create', { at: scene.at, vault: `v-${i}` });
    const names = (await scene.ask('vaults:list', { at: scene.at })).map(({ vault }) => vault);
    expect(names).toHaveLength(13);
    expect(names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
    await scene.ask('vaults:delete', scene.photos);
    expect(await scene.refusal('vaults:delete', scene.photos)).toMatchObject({ kind: 'not-found' });
    expect(await scene.refusal('vaults:show', scene.photos)).toMatchObject({
      kind: 'not-found',
      message: 'There is no vault photos in us-east-1 for these credentials.',
    });
  });

  it('that were written to cannot be deleted, and are shown as last counted', async () => {
    await scene.setUpPlan();
    writeFileSync(join(scene.source, 'letter.txt'), 'Dear reader,\n');
    expect((await scene.backup()).failure).toBeNull();
    await scene.ask('plans:remove', { name: 'docs' });
    expect(await scene.refusal('vaults:delete', scene.photos)).toMatchObject({
      kind: 'conflict',
      message: 'The vault photos in us-east-1 is not empty by its last inventory, or was written to since.',
    });
    scene.simulator.advance(30 * 3_600_000);
    const counted = await scene.ask('vaults:show', { at: { target: 'attic' } });
    expect(counted.targets).toEqual(['attic']);
    expect(counted.archives).toBeGreaterThan(0);
    expect(counted.bytes).toBeGreaterThan(counted.archives * 32_768);
    expect(counted.inventoryAt).toBeGreaterThan(counted.createdAt);
  });

  it('that a plan saves to are kept', async () => {
    await scene.setUpPlan();
    expect(await scene.refusal('vaults:delete', { at: scene.at, vault: 'photos' })).toMatchObject({
      kind: 'conflict',
      message: 'The plan docs saves to the vault photos.',
    });
  });

  it('are named, or are those of a target', async () => {
    expect(await scene.refusal('vaults:show', { at: scene.at })).toMatchObject({ kind: 'invalid' });
    expect(await scene.refusal('vaults:show', { at: { target: 'attic' } })).toMatchObject({
      kind: 'not-found',
      message: 'There is no target named attic.',
    });
    await scene.ask('targets:add', { name: 'disk', settings: scene.folderTarget() });
    expect(await scene.refusal('vaults:list', { at: { target: 'disk' } })).toMatchObject({
      kind: 'unsupported',
      message: 'The target disk has no vaults.',
    });
    expect(await scene.refusal('vaults:show', { at: scene.at, vault: '..' })).toMatchObject({
      kind: 'invalid',
    });
  });

  it('of an account without the right are denied by the name of the right', async () => {
    scene.simulator.setMode({ denyAll: true });
    expect(await scene.refusal('vaults:list', { at: scene.at })).toMatchObject({
      kind: 'denied',
      message: 'These credentials have no right to glacier:ListVaults on vaults in us-east-1.',
    });
  });

  it('are asked for again through passing trouble', async () => {
    const trouble = { status: 500, code: 'ServiceUnavailableException', message: 'Later.' };
    scene.simulator.failNext({ operation: 'ListVaults', when: 'before', ...trouble });
    scene.simulator.failNext({ operation: 'CreateVault', when: 'drop-after' });
    await scene.ask('vaults:create', { at: scene.at, vault: 'second' });
    expect(await scene.ask('vaults:list', { at: scene.at })).toHaveLength(2);
  });
});

describe('uploads that were left open', () => {
  /** Begun by another program: two parts of 1 MiB, nothing more. */
  async function begin(description: string): Promise<string> {
    const { accessKeyId, secretAccessKey } = scene.simulator;
    const vault = openVault({
      ...scene.at,
      vault: 'photos',
      credentials: { accessKeyId, secretAccessKey },
    });
    try {
      const id = await vault.beginUpload(description, MIB);
      const bytes = randomBytes(2 * MIB);
      for (const offset of [0, MIB]) await vault.sendPart(id, partOf(bytes, offset, MIB));
      return id;
    } finally {
      vault.close();
    }
  }

  it('are listed with what they hold and cost, and aborted', async () => {
    const first = await begin('holiday');
    const second = await begin('work');
    const listed = await scene.ask('openUploads:list', scene.photos);
    expect(listed.uploads.map(({ id }) => id)).toEqual([first, second]);
    expect(listed.uploads[0]).toMatchObject({
      description: 'holiday',
      partBytes: MIB,
      parts: 2,
      bytes: 2 * MIB,
      ours: false,
    });
    expect(listed.estimate.usd).toBeCloseTo((4 / 1024) * 0.004, 12);
    expect(listed.estimate.lines[0]?.what).toBe('Storage of parts per month');

    const unknown = { ...scene.photos, uploads: [first, `x${first}`] };
    expect(await scene.refusal('openUploads:abort', unknown)).toMatchObject({
      kind: 'not-found',
      safe: 'Nothing was aborted.',
    });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads).toHaveLength(2);
    expect(await scene.ask('openUploads:abort', { ...scene.photos, uploads: [first] })).toEqual({
      aborted: [first],
      spared: 0,
    });
    expect((await scene.ask('openUploads:list', scene.photos)).uploads.map(({ id }) => id)).toEqual([second]);
    expect(await scene.ask('openUploads:abort', scene.photos)).toEqual({ aborted: [second], spared: 0 });
    expect(await scene.ask('openUploads:list', scene.photos)).toMatchObject({
      uploads: [],
      estimate: { usd: 0 },
    });
  });

  it('that say they are Permafrost’s own are spared, though nothing of them is known here', async () => {
    const foreign = await begin('holiday');
    const slots = await begin('k1.7');
    const { uploads } = await scene.ask('openUploads:list', scene.photos);
    expect(uploads.filter(({ ours }) => ours).map(({ id }) => id)).toEqual([slots]);
    expect(await scene.ask('openUploads:abort', scene.photos)).toEqual({ aborted: [foreign], spared: 1 });
  });

  it('of a backup that is not through are spared unless they are meant', async () => {
    await scene.setUpPlan();
    writeFileSync(join(scene.source, 'letter.txt'), 'Dear reader,\n');
    const denied = { status: 403, code: 'AccessDeniedException', message: 'No.' };
    scene.simulator.failNext({ operation: 'UploadMultipartPart', when: 'before', ...denied });
    expect((await scene.backup()).state).toBe('failed');
    const foreign = await begin('holiday');
    const { uploads } = await scene.ask('openUploads:list', scene.photos);
    const own = uploads.filter(({ ours }) => ours).map(({ id }) => id);
    expect(own).toHaveLength(1);

    expect(await scene.refusal('openUploads:abort', { ...scene.photos, uploads: own })).toMatchObject({
      kind: 'conflict',
      safe: 'Nothing was aborted.',
    });
    expect(await scene.ask('openUploads:abort', scene.photos)).toEqual({
      aborted: [foreign],
      spared: own.length,
    });
    expect(await scene.ask('openUploads:abort', { ...scene.photos, alsoOurs: true })).toEqual({
      aborted: own,
      spared: 0,
    });
    expect((await scene.backup()).failure).toBeNull();
  });
});

describe('an upload of a file that is on its way', () => {
  it('is spared as well', async () => {
    const denied = { status: 403, code: 'AccessDeniedException', message: 'No.' };
    scene.simulator.failNext({ operation: 'UploadMultipartPart', when: 'before', ...denied });
    writeFileSync(scene.path('film'), randomBytes(MIB));
    const stopped = new Promise<void>((resolve) => {
      scene.engine.on('errand:changed', ({ failure }) => {
        if (failure !== null) resolve();
      });
    });
    await scene.ask('uploads:start', { ...scene.photos, path: scene.path('film'), accept: true });
    await stopped;
    const { uploads } = await scene.ask('openUploads:list', scene.photos);
    expect(uploads.map(({ ours }) => ours)).toEqual([true]);
    expect(await scene.ask('openUploads:abort', scene.photos)).toEqual({ aborted: [], spared: 1 });
  });
});

describe('a service named by a region', () => {
  it('needs no keys of the profile', async () => {
    expect((await scene.ask('profile:status', {})).state).toBe('new');
    expect(await scene.ask('vaults:list', { at: scene.at })).toHaveLength(1);
  });
});
