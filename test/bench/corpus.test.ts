/** Corpora depend on nothing but their seed and size: figures are compared between days and machines. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBig } from '../../bench/corpus/big.ts';
import { ADDED_BYTES, insertPlaces, makeEdit } from '../../bench/corpus/edit.ts';
import { randomOf } from '../../bench/corpus/random.ts';
import { makeSmall } from '../../bench/corpus/small.ts';
import { makeTree } from '../../bench/corpus/tree.ts';

const MIB = 2 ** 20;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-corpus-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const kinds = {
  small: (dir: string, seed: number) => makeSmall(dir, seed, 200),
  big: (dir: string, seed: number) => makeBig(dir, seed, MIB),
  tree: (dir: string, seed: number) => makeTree(dir, seed, 500),
};

describe.each(Object.entries(kinds))('%s', (_kind, make) => {
  it('is the same for the same seed and another for another', () => {
    make(join(folder, 'a'), 1);
    make(join(folder, 'b'), 1);
    make(join(folder, 'c'), 2);
    expect(digestOf(join(folder, 'b'))).toBe(digestOf(join(folder, 'a')));
    expect(digestOf(join(folder, 'c'))).not.toBe(digestOf(join(folder, 'a')));
  });
});

it('small has as many files as asked for, some of them copies of others', () => {
  makeSmall(folder, 1, 600);
  const files = filesOf(folder);
  const contents = new Set(files.map((path) => readFileSync(path, 'latin1')));
  expect(files).toHaveLength(600);
  expect(contents.size).toBeLessThan(590);
  expect(contents.size).toBeGreaterThan(500);
});

it('tree has as many files as asked for, none above 40 bytes', () => {
  makeTree(folder, 1, 700);
  const sizes = filesOf(folder).map((path) => statSync(path).size);
  expect(sizes).toHaveLength(700);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(40);
});

it('big has a file that does not shrink, one that does, and one between', () => {
  makeBig(folder, 1, 4 * MIB);
  const [disk = 0, random = 0, log = 0] = ['disk.img', 'random.bin', 'server.log'].map((name) => {
    const content = readFileSync(join(folder, name));
    expect(content).toHaveLength(4 * MIB);
    return content.length / zstdCompressSync(content).length;
  });
  expect(random).toBeLessThan(1.001);
  expect(disk).toBeGreaterThan(1.5);
  expect(log).toBeGreaterThan(4);
});

it('files have times long past', () => {
  makeSmall(folder, 1, 20);
  for (const path of filesOf(folder)) expect(statSync(path).mtime.getFullYear()).toBeLessThanOrEqual(2025);
});

it('edit is the files before with only the inserts between', () => {
  makeBig(join(folder, 'big'), 1, MIB);
  makeEdit(join(folder, 'edit'), join(folder, 'big'), 1);
  for (const name of readdirSync(join(folder, 'big'))) {
    const before = readFileSync(join(folder, 'big', name));
    const after = readFileSync(join(folder, 'edit', name));
    expect(after).toHaveLength(before.length + ADDED_BYTES);
    expect(withoutInserts(after, before.length, name).equals(before)).toBe(true);
  }
});

it('inserts go where the file is, in order', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(2 ** 40), (seed, size) => {
      const places = insertPlaces(randomOf(seed, 'x'), size);
      expect(places.at(-1)).toBe(size);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places[0]).toBeGreaterThanOrEqual(0);
    }),
  );
});

describe('random', () => {
  it('is the same for the same seed and label', () => {
    const draw = (seed: number, label: string) => {
      const random = randomOf(seed, label);
      return Array.from({ length: 8 }, () => random.below(2 ** 32));
    };
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
    expect(draw(2, 'a')).not.toEqual(draw(1, 'a'));
    expect(draw(1, 'b')).not.toEqual(draw(1, 'a'));
  });

  it('stays below its limit and reaches all of it', () => {
    const random = randomOf(1, 'dice');
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('fills any length, to the last byte', () => {
    fc.assert(
      fc.property(fc.nat(40), (length) => {
        const seen = new Uint8Array(length);
        const random = randomOf(length, 'fill');
        for (let i = 0; i < 16; i++) {
          const bytes = new Uint8Array(length);
          random.fill(bytes);
          bytes.forEach((byte, at) => (seen[at] = (seen[at] ?? 0) | byte));
        }
        expect(seen.every((byte) => byte !== 0)).toBe(true);
      }),
    );
  });
});

/** Takes the inserts out again, by the places the seed gives. */
function withoutInserts(edited: Buffer, originalBytes: number, name: string): Buffer {
  const places = insertPlaces(randomOf(1, `edit ${name}`), originalBytes);
  const insertBytes = ADDED_BYTES / (places.length - 1);
  let from = 0;
  const pieces = places.map((place, i) => {
    const piece = edited.subarray(from + i * insertBytes, place + i * insertBytes);
    from = place;
    return piece;
  });
  return Buffer.concat(pieces);
}

function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Over names, contents and times. */
function digestOf(dir: string): string {
  const hash = createHash('sha256');
  for (const path of filesOf(dir).sort()) {
    hash.update(`${path.slice(dir.length)}\0${statSync(path).mtimeMs}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}
