/** Small packs for tests, and the keys and folders they need. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { hmac, prepareKey } from '../../../../src/main/engine/crypto.ts';
import { deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import { FrameBuilder } from '../../../../src/main/engine/pack/frameBuilder.ts';
import { PackWriter, type PackShape, type SealedPack } from '../../../../src/main/engine/pack/packWriter.ts';
import { pseudoRandom } from '../chunk/sample.ts';

export const MIB = 1024 * 1024;
export const masterKey = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
export const keys = deriveKeys({ epoch: 1, key: masterKey });
export const otherKeys = deriveKeys({ epoch: 1, key: Buffer.alloc(32, 0xee) });
export const writer = Buffer.alloc(16, 0x77);

const idKey = prepareKey(keys.id);
export const idOf = (bytes: Buffer) => hmac(idKey, bytes);

const folders: string[] = [];
// Registered when this module is loaded, for the whole file of tests: inside a test nothing would ever call it.
afterAll(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** An empty folder that is gone after the tests of the file. */
export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'permafrost-pack-'));
  folders.push(path);
  return path;
}

/** Text that compresses, of any length, and differs with the seed. */
export function prose(length: number, seed: number): Buffer {
  const noise = pseudoRandom(Math.ceil(length / 16) + 1, seed);
  let text = '';
  for (let i = 0; text.length < length; i++) text += `line ${noise[i % noise.length] ?? 0} of the text; `;
  return Buffer.from(text.slice(0, length));
}

/** Chunks of all sizes that matter: two groups of small ones, large ones, text and noise. */
export function sampleChunks(): Buffer[] {
  const small = Array.from({ length: 40 }, (_, i) => prose(1 + i * 700, i + 1));
  const noise = [pseudoRandom(300_000, 50), pseudoRandom(MIB, 51), pseudoRandom(100_000, 52)];
  return [...small, prose(200_000, 60), ...noise, Buffer.from('x'), prose(127_000, 61)];
}

export interface WriteOptions {
  readonly dir: string;
  readonly chunks: readonly Buffer[];
  readonly packBytes?: number;
  readonly shape?: PackShape;
  readonly ids?: (bytes: Buffer) => Buffer;
}

/** Writes chunks into one pack. */
export function writePack(options: WriteOptions): SealedPack {
  const { dir, chunks, packBytes = 8 * MIB, shape = 'padme', ids = idOf } = options;
  const pack = new PackWriter({ kind: 'data', keys, writer, stagingDir: dir, packBytes });
  const frames = new FrameBuilder((frame) => {
    if (!pack.addFrame(frame)) throw new Error('the sample does not fit');
  });
  for (const chunk of chunks) frames.add(ids(chunk), chunk);
  frames.flush();
  return pack.seal(shape);
}
