/** Bits that turn: in memory before a pack is sealed, in packs that wait, in archives at the vault. */
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { PackingChain } from '../../../../src/main/engine/backup/packingChain.ts';
import { ChunkIndex, createChunkIndex, type Claim } from '../../../../src/main/engine/chunk/chunkIndex.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { keys, MIB, tempFolder, writer } from '../pack/samplePack.ts';
import { denied, flipBit, FaultScene, inScene } from './faultScene.ts';

/** Each is one chunk; nine of them are compressed together, as one frame of 540,000 bytes. */
const FILE_BYTES = 60_000;
const FILES_IN_FRAME = 9;

describe('a bit that turns in an archive', () => {
  it('costs the files of its MiB, which are named, and no other; in what the catalog knows it costs none', async () => {
    const scene = new FaultScene();
    try {
      await scene.begin(4, growEqualFiles);
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      const packs = scene.storedFiles().filter((path) => statSync(path).size > MIB);
      expect(packs.length).toBeGreaterThan(1);
      const everLost = new Set<string>();
      for (const [p, pack] of packs.entries()) {
        for (let n = 0; n < statSync(pack).size / MIB; n++) {
          const at = n * MIB + 300_000 + n * 1000;
          flipBit(pack, at);
          const to = `${p} ${n}`;
          const order = await scene.restoreTo(to);
          flipBit(pack, at);
          const { differences } = await compareTrees(scene.source, scene.path(to, 'source'));
          const lost = differences.map(({ path }) => path);
          expect(order.problems.map(({ path }) => path.replace('source/', '')).sort()).toEqual(lost.sort());
          // Two frames lie in a MiB, or one and a piece of one at each end; a frame is lost as a whole.
          expect(lost.length).toBeLessThanOrEqual(3 * FILES_IN_FRAME);
          for (const name of lost) everLost.add(name);
        }
      }
      // Every file was hit: the bits were where the files are.
      expect(everLost.size).toBe(readdirSync(scene.source).length);
      for (const pack of packs) flipBit(pack, 50);
      expect(await scene.restoreTo('headers')).toMatchObject({ state: 'done', failedFiles: 0 });
      await scene.compare('headers');
    } finally {
      await scene.remove();
    }
  });
});

describe('a pack that waits to be sent', () => {
  it('and is not what was written is never sent, wherever it was changed; its files are read again', async () => {
    await inScene(async (scene) => {
      await stampsAge();
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      const changes: readonly ((path: string, size: number) => void)[] = [
        (path) => flipBit(path, 50),
        (path) => flipBit(path, 200),
        (path, size) => flipBit(path, size - 70),
        (path, size) => flipBit(path, size - 1),
        (path, size) => truncateSync(path, size - 1),
        (path) => truncateSync(path, 0),
      ];
      for (const [i, change] of changes.entries()) {
        writeFileSync(join(scene.source, `late ${i}`), randomBytes(300_000));
        scene.fail({ operation: 'UploadMultipartPart', ...denied });
        expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
        const staging = join(scene.profile, 'staging');
        const [pack = ''] = readdirSync(staging);
        change(join(staging, pack), statSync(join(staging, pack)).size);
        const sent = scene.asked('UploadMultipartPart');
        const run = await scene.backup();
        expect(run, `change ${i}`).toMatchObject({ state: 'failed', failure: { kind: 'corrupt' } });
        expect(scene.asked('UploadMultipartPart')).toBe(sent);
        await stampsAge();
        const next = await scene.backup();
        expect(next).toMatchObject({ state: 'done', counts: { readFiles: 1 } });
      }
      await scene.proveWhole();
    });
  });
});

/** Until what was written counts as settled: a file read sooner after it was written is read again by the next run. */
function stampsAge(): Promise<void> {
  return sleep(2100);
}

/** Memory in which a bit turns after a chunk got its name and before it is in a pack. */
class BadMemory extends ChunkIndex {
  afterNaming: () => void = () => undefined;

  override claim(id: Buffer): Claim {
    const claim = super.claim(id);
    this.afterNaming();
    return claim;
  }
}

describe('a bit that turns in memory', () => {
  it.each([1000, 150_000, 400_000])(
    'after a chunk of %i bytes got its name is found before the pack counts; nothing is left of it',
    (bytes) => {
      const stagingDir = tempFolder();
      const index = new BadMemory(createChunkIndex({ expected: 100, nextNumber: 1 }).memory);
      const sealed: string[] = [];
      const options = { keys, writer, stagingDir, packBytes: 4 * MIB, index };
      const chain = new PackingChain(options, ({ path }) => sealed.push(path));
      const buffer = pseudoRandom(bytes, 3);
      chain.take(pseudoRandom(bytes, 4), 0, bytes, 'long');
      index.afterNaming = () => (buffer[bytes / 2] = buffer.readUInt8(bytes / 2) ^ 4);
      chain.take(buffer, 0, bytes, 'long');
      expect(() => chain.finish()).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
      expect(sealed).toEqual([]);
      expect(readdirSync(stagingDir)).toEqual([]);
    },
  );
});

function growEqualFiles(root: string): void {
  for (let i = 0; i < 120; i++) writeFileSync(join(root, `${i}`), randomBytes(FILE_BYTES));
}
