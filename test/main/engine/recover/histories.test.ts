/** Whatever happened, the target alone tells the same: random histories of two plans, and manifests that somebody has altered. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../../src/main/engine/backup/manifest.ts';
import { encodeLine, type ManifestLine } from '../../../../src/main/engine/backup/manifestLine.ts';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { addTarget } from '../../../../src/main/engine/catalog/targets.ts';
import { hmac, prepareKey } from '../../../../src/main/engine/crypto.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { createMasterKey, deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import { parseKeySlots } from '../../../../src/main/engine/keys/slotFile.ts';
import { openSlots } from '../../../../src/main/engine/keys/slots.ts';
import { FrameBuilder } from '../../../../src/main/engine/pack/frameBuilder.ts';
import { PackFile } from '../../../../src/main/engine/pack/packFile.ts';
import { PackWriter } from '../../../../src/main/engine/pack/packWriter.ts';
import { Rebuild, type FoundManifest } from '../../../../src/main/engine/recover/rebuild.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';
import { readFileSync, statSync } from 'node:fs';
import { below, edited, layTree, newTree, randomOf, type Random } from '../crash/randomTree.ts';
import { mutatedJson } from '../fuzz/mutate.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { NewComputer } from './recoverScene.ts';
import { archivesOfKind, toldBy } from './told.ts';

async function randomHistory(scene: Scene, random: Random): Promise<void> {
  const roots = [scene.source, scene.path('other')];
  mkdirSync(roots[1] ?? '');
  await scene.setUp();
  await scene.ask('plans:add', { name: 'other', target: 'attic', sources: [roots[1] ?? ''] });
  const trees = roots.map((root) => {
    const tree = newTree(random);
    layTree(root, tree);
    return tree;
  });
  for (let i = 4 + below(random, 4); i > 0; i--) {
    const which = below(random, 2);
    const root = roots[which] ?? '';
    const before = trees[which];
    if (before !== undefined && random() < 0.8) {
      const next = edited(random, before);
      layTree(root, next, before);
      trees[which] = next;
    }
    if (random() < 0.15) await scene.ask('keys:renew', { current: PASSPHRASE });
    expect(await scene.backup(which === 0 ? 'docs' : 'other')).toMatchObject({ state: 'done' });
    if (random() < 0.4) await forgetSome(scene, random);
  }
  // What was forgotten and tagged is told by the manifests that follow.
  for (const [i, root] of roots.entries()) {
    writeFileSync(join(root, 'the last of all'), String(random()));
    expect(await scene.backup(i === 0 ? 'docs' : 'other')).toMatchObject({ state: 'done' });
  }
}

/** Lets snapshots go by hand, never the newest of a plan, and names others. */
async function forgetSome(scene: Scene, random: Random): Promise<void> {
  for (const plan of ['docs', 'other']) {
    const older = (await scene.ask('snapshots:list', { plan })).slice(0, -1);
    const going = older.filter(({ tags }) => tags.length === 0 && random() < 0.5);
    if (going.length > 0) await scene.ask('snapshots:forget', { snapshots: going.map(({ id }) => id) });
    const named = older.find((snapshot) => !going.includes(snapshot));
    if (named !== undefined) await scene.ask('snapshots:tag', { snapshot: named.id, tags: ['kept'] });
  }
}

describe('a random history', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    '(seed %i) is told alike by copy and manifests, and by manifests alone',
    async (seed) => {
      const random = randomOf(seed * 7919);
      const scene = new Scene();
      try {
        await randomHistory(scene, random);
        await scene.close();
        const catalog = join(scene.profile, 'catalog.db');
        const expected = await toldBy(catalog);
        for (const how of ['with copies', 'without'] as const) {
          if (how === 'without')
            for (const name of await archivesOfKind(catalog, 'catalog'))
              rmSync(scene.path('attic', 'archives', name));
          const computer = new NewComputer(scene.dir, how);
          await computer.open();
          const target = { name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } } as const;
          expect(await computer.recover(target, PASSPHRASE)).toMatchObject({ outcome: 'done' });
          await computer.close();
          expect(await toldBy(join(computer.profile, 'catalog.db'))).toEqual(expected);
        }
      } finally {
        await scene.remove();
      }
    },
  );
});

describe('a manifest that somebody has altered who has the key', () => {
  it('is refused or taken, and never ends in anything else', async () => {
    const { lines, keys } = await soundManifest();
    const dir = mkdtempSync(join(tmpdir(), 'permafrost-altered-'));
    const random = randomOf(20_261_126);
    const counts = { taken: 0, refused: 0 };
    try {
      for (let i = 0; i < 250; i++) {
        const altered = alter(random, lines);
        const path = sealed(dir, altered, keys);
        if (await isTaken(dir, path, keys)) counts.taken++;
        else counts.refused++;
        rmSync(path);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    expect(counts.taken + counts.refused).toBe(250);
    expect(counts.refused).toBeGreaterThan(50);
    expect(counts.taken).toBeGreaterThan(10);
  }, 120_000);
});

type Keys = ReturnType<typeof deriveKeys>;

async function soundManifest(): Promise<{ readonly lines: readonly string[]; readonly keys: Keys }> {
  const scene = new Scene();
  try {
    layTree(scene.source, newTree(randomOf(5)));
    writeFileSync(join(scene.source, 'large'), Buffer.alloc(700_000, 'large '));
    await scene.setUp();
    await scene.backup();
    await scene.close();
    const slots = parseKeySlots(readFileSync(join(scene.profile, 'keys.json')));
    const [master = createMasterKey()] = await openSlots(slots, PASSPHRASE);
    const keys = deriveKeys(master);
    const [name = ''] = await archivesOfKind(join(scene.profile, 'catalog.db'), 'manifest');
    const path = scene.path('attic', 'archives', name);
    const file = PackFile.open(path, statSync(path).size, () => keys);
    const lines = [...readManifest(file.chunks())].map((line: ManifestLine) => encodeLine(line));
    file.close();
    return { lines, keys };
  } finally {
    await scene.remove();
  }
}

/** One or two lines are changed, left out, doubled or moved. */
function alter(random: Random, lines: readonly string[]): string[] {
  const altered = [...lines];
  for (let i = 1 + below(random, 2); i > 0; i--) {
    const at = below(random, altered.length);
    const dice = random();
    if (dice < 0.6) altered[at] = JSON.stringify(mutatedJson(random, JSON.parse(altered[at] ?? '{}')));
    else if (dice < 0.7) altered.splice(at, 1);
    else if (dice < 0.85) altered.splice(at, 0, altered[below(random, altered.length)] ?? '');
    else [altered[at], altered[at - 1]] = [altered[at - 1] ?? '', altered[at] ?? ''];
  }
  // What is counted at the end is counted anew half of the time, or hardly anything would get past it.
  if (random() < 0.7) altered[altered.length - 1] = countedAnew(altered);
  return altered;
}

function countedAnew(lines: readonly string[]): string {
  const counts = { packs: 0, frames: 0, folders: 0, puts: 0, gone: 0 };
  for (const text of lines.slice(1, -1)) {
    const line = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof line !== 'object' || line === null) continue;
    if ('pack' in line) counts.packs++;
    else if ('frames' in line) counts.frames += Array.isArray(line['frames']) ? line['frames'].length : 0;
    else if ('folder' in line) counts.folders++;
    else if ('put' in line) counts.puts++;
    else if ('gone' in line) counts.gone++;
  }
  return JSON.stringify({ end: counts });
}

function sealed(dir: string, lines: readonly string[], keys: Keys): string {
  const pack = new PackWriter({
    kind: 'manifest',
    keys,
    writer: Buffer.alloc(16, 3),
    stagingDir: dir,
    packBytes: 8 * 2 ** 20,
  });
  const frames = new FrameBuilder((frame) => {
    if (!pack.addFrame(frame)) throw new RangeError('too large');
  });
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let at = 0; at < text.length; at += 512 * 1024) {
    const chunk = text.subarray(at, at + 512 * 1024);
    frames.add(hmac(prepareKey(keys.id), chunk), chunk);
  }
  frames.flush();
  return pack.seal('padme').path;
}

/** Into an empty catalog; false when it was refused as corrupt. Anything else is thrown. */
async function isTaken(dir: string, path: string, keys: Keys): Promise<boolean> {
  const catalog = await openCatalog(join(dir, 'catalog.db'));
  try {
    const target = await catalog.transaction((tx) =>
      addTarget(tx, {
        name: 'attic',
        settings: { kind: 'folder', path: '/attic', create: false },
        packBytes: 4,
        uid: 'ab',
        createdAt: 1,
      }),
    );
    const rebuild = await Rebuild.begin({
      catalog,
      target,
      listed: new Map(),
      signal: new AbortController().signal,
    });
    const open = () => PackFile.open(path, statSync(path).size, () => keys);
    const manifest = foundIn(open);
    await rebuild.addPacks(manifest, false);
    await rebuild.countMissing(manifest);
    await rebuild.addSnapshot(manifest);
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'corrupt') return false;
    throw error;
  } finally {
    await catalog.close();
    for (const name of readdirSync(dir)) if (name.startsWith('catalog.db')) rmSync(join(dir, name));
  }
}

function foundIn(open: () => PackFile): FoundManifest {
  const file = open();
  try {
    const [head] = readManifest(file.chunks());
    if (head?.kind !== 'head') throw new EngineError('corrupt', 'no head', '');
    const { snapshot, base, parent, writer, epoch, previous, endedAt } = head;
    const pack = file.header.packId;
    const described = {
      packId: pack,
      kind: 'manifest',
      keyEpoch: 1,
      epoch,
      writerTag: 0,
      createdAt: 1,
    } as const;
    const archive = {
      archiveId: 'archive' as ArchiveId,
      description: '',
      size: 1,
      treeHash: null,
      createdAt: 1,
    };
    const facts = { snapshot, base, parent, writer, epoch, previous, endedAt, treeHash: '00'.repeat(32) };
    return { ...facts, pack, head, open, known: { archive, described } };
  } finally {
    file.close();
  }
}
