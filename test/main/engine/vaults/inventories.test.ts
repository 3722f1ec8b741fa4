import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInventory } from '../../../../src/main/engine/vaults/inventoryReader.ts';
import { VaultScene } from './vaultScene.ts';

let scene: VaultScene;
beforeEach(async () => {
  scene = new VaultScene();
  await scene.begin();
});
afterEach(async () => {
  await scene.remove();
});

const mtAws = `mt2 ${Buffer.from('{"filename":"films/ü.mp4","mtime":"20130102T030405Z"}').toString('base64url')}`;

describe('an inventory', () => {
  it('is asked for once, survives restarts, and shows archives of other tools by name', async () => {
    const text = await scene.store('plain text, "quoted"', 'a');
    const film = await scene.store(mtAws, 'bb');
    const photo = await scene.ask('uploads:start', {
      ...scene.at,
      path: scene.file('photo ü.jpg', 'ccc'),
      accept: true,
    });
    await scene.through(photo);
    expect(await scene.refusal('inventories:request', scene.at)).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('no inventory') as string,
    });

    await scene.advance(25);
    const first = await scene.ask('inventories:request', scene.at);
    const [second, third] = await Promise.all([
      scene.ask('inventories:request', scene.at),
      scene.ask('inventories:request', scene.at),
    ]);
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    await scene.until(first.id, ({ step }) => step === 'waiting');
    await scene.reopen();
    expect((await scene.ask('inventories:request', scene.at)).id).toBe(first.id);
    await scene.later(6);
    expect(await scene.through(first)).toMatchObject({ outcome: 'done', done: 3, total: 3 });
    expect((await scene.ask('jobs:list', scene.at)).map(({ kind, ours }) => [kind, ours])).toEqual([
      ['inventory', true],
    ]);
    expect((await scene.ask('inventories:request', scene.at)).id).toBe(first.id);

    const { inventory, archives, more } = await scene.ask('archives:list', scene.at);
    expect(inventory).toMatchObject({ archives: 3, bytes: 6, duplicates: 0, isWhole: true });
    expect(more).toBe(false);
    expect(archives.map(({ name, tool, size }) => [tool, name, size]).sort()).toEqual([
      ['fastglacier', 'photo ü.jpg', 3],
      ['mt-aws-glacier', 'films/ü.mp4', 2],
      ['text', 'plain text, "quoted"', 1],
    ]);
    const found = await scene.ask('archives:list', { ...scene.at, search: 'FILMS' });
    expect(found.archives.map(({ archive }) => archive)).toEqual([film]);
    const page = await scene.ask('archives:list', { ...scene.at, limit: 2 });
    expect(page.more).toBe(true);
    const rest = await scene.ask('archives:list', { ...scene.at, after: page.archives[1]?.number ?? 0 });
    expect([...page.archives, ...rest.archives]).toEqual(archives);
    expect(archives.some(({ archive }) => archive === text)).toBe(true);
  });

  it('that was exported as JSON reads as the one it came from, and as CSV by the book', async () => {
    await scene.store('say "hi", twice', 'a');
    await scene.store(String.raw`ends with \ `.trim(), 'b');
    for (const sign of ['=', '+', '-', '@']) await scene.store(`${sign}1+1`, sign);
    expect(await scene.readInventory('csv')).toMatchObject({ outcome: 'done' });
    const { archives } = await scene.ask('archives:list', scene.at);
    const json = scene.path('inventory.json');
    const csv = scene.path('inventory.csv');
    await scene.ask('inventories:export', { ...scene.at, format: 'json', to: json });
    await scene.ask('inventories:export', { ...scene.at, format: 'csv', to: csv });

    const reader = readInventory('json');
    const read = reader.push(readFileSync(json));
    reader.end();
    expect(read).toMatchObject(
      archives.map(({ archive, description, size, treeHash }) => ({
        archiveId: archive,
        description,
        size,
        treeHash,
      })),
    );
    expect(reader.head().arn).toMatch(/vaults\/practice$/);
    const lines = readFileSync(csv, 'utf8').split('\r\n');
    expect(lines[0]).toBe('ArchiveId,Name,Tool,ArchiveDescription,CreationDate,Size,SHA256TreeHash');
    expect(lines).toHaveLength(8);
    expect(lines.join('\n')).toContain(',"say ""hi"", twice",text,"say ""hi"", twice",');
    for (const sign of ['=', '+', '-', '@']) {
      expect(lines.join('\n')).toContain(`,'${sign}1+1,text,'${sign}1+1,`);
    }
    expect(await scene.refusal('inventories:export', { ...scene.at, format: 'csv', to: csv })).toMatchObject({
      kind: 'conflict',
    });
  });

  it('that was taken before a deletion shows what was deleted since as gone', async () => {
    const id = await scene.store('one');
    await scene.store('two');
    await scene.advance(25);
    const asked = await scene.ask('inventories:request', scene.at);
    await scene.until(asked.id, ({ step }) => step === 'waiting');
    const which = { archives: [id] };
    await scene.through(await scene.ask('clearings:start', { ...scene.at, which, accept: true }));
    await scene.later(6);
    expect(await scene.through(asked)).toMatchObject({ outcome: 'done', done: 2 });
    const { archives } = await scene.ask('archives:list', scene.at);
    expect(archives.map(({ name, gone }) => [name, gone]).sort()).toEqual([
      ['one', true],
      ['two', false],
    ]);
  });

  it('of a later day is another one, and takes the place of the first', async () => {
    await scene.store('one');
    const first = await scene.readInventory();
    await scene.store('two');
    const second = await scene.readInventory();
    expect(second.id).not.toBe(first.id);
    const kept = await scene.ask('inventories:list', scene.at);
    expect(kept.map(({ archives }) => archives)).toEqual([2, 1]);
    expect((await scene.ask('archives:list', scene.at)).archives).toHaveLength(2);
  });

  it('by dates and with a limit does not pass for a whole one', async () => {
    await scene.store('one');
    await scene.store('two');
    await scene.advance(25);
    const part = await scene.ask('inventories:request', { ...scene.at, limit: 1, from: 0 });
    await scene.until(part.id, ({ step }) => step === 'waiting');
    await scene.later(6);
    await scene.through(part);
    expect((await scene.ask('archives:list', scene.at)).inventory).toMatchObject({
      archives: 1,
      isWhole: false,
    });
    expect(await scene.refusal('clearings:preview', { ...scene.at, which: { all: true } })).toMatchObject({
      kind: 'not-found',
    });
  });

  it('that expired before it was read is asked for again', async () => {
    await scene.store('one');
    await scene.advance(25);
    const asked = await scene.ask('inventories:request', scene.at);
    await scene.until(asked.id, ({ step }) => step === 'waiting');
    await scene.later(60);
    while ((await scene.ask('jobs:list', { ...scene.at, state: 'waiting' })).length === 0);
    await scene.later(6);
    expect(await scene.through(asked)).toMatchObject({ outcome: 'done', done: 1 });
  });
});
