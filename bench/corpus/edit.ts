/** The same files after edits: what a backup that cuts by content has to find its way again after. */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomOf } from './random.ts';
import { writeBigFile } from './writeFile.ts';

const INSERTS = 20;
const INSERT_BYTES = 4096;
const BLOCK_BYTES = 2 ** 20;

/** Bytes each file has more after the edits. */
export const ADDED_BYTES = INSERTS * INSERT_BYTES;

/** Fills `dir`, which is made, with the files of the folder `from`, each with 20 inserts of 4 KiB at random places. */
export function makeEdit(dir: string, from: string, seed: number): void {
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(from).sort()) {
    const random = randomOf(seed, `edit ${name}`);
    const source = openSync(join(from, name), 'r');
    try {
      const places = insertPlaces(random, statSync(join(from, name)).size);
      writeBigFile(join(dir, name), random, (file) => writeEdited(file, source, places, random));
    } finally {
      closeSync(source);
    }
  }
}

/** Where the inserts go, ascending, and the end of the file. */
export function insertPlaces(random: Random, fileBytes: number): number[] {
  const places = Array.from({ length: INSERTS }, () => random.below(fileBytes + 1));
  return [...places.sort((a, b) => a - b), fileBytes];
}

function writeEdited(file: number, source: number, places: readonly number[], random: Random): void {
  const block = Buffer.alloc(BLOCK_BYTES);
  const insert = Buffer.alloc(INSERT_BYTES);
  let at = 0;
  for (const [i, place] of places.entries()) {
    while (at < place) {
      const got = readSync(source, block, 0, Math.min(block.length, place - at), at);
      if (got === 0) throw new RangeError('the file is shorter than it was');
      writeSync(file, block, 0, got);
      at += got;
    }
    if (i === places.length - 1) break;
    random.fill(insert);
    writeSync(file, insert);
  }
}
