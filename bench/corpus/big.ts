/**
 * Three big files, each a kind of its own: random.bin does not shrink, disk.img is like a virtual machine's disk (empty,
 * text, records, random, and repeats of earlier extents), server.log shrinks about six to one.
 */
import { mkdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomOf } from './random.ts';
import { beginLog, logText, packageNames, sourceText, vocabulary } from './text.ts';
import { writeBigFile } from './writeFile.ts';

const MIB = 2 ** 20;
const PAGE = 4096;
const MOST_EXTENT_PAGES = 700;
const RECORD_BYTES = 24;

/** Fills `dir`, which is made, with three files of `fileBytes` each: whole pages. */
export function makeBig(dir: string, seed: number, fileBytes: number): void {
  if (fileBytes % PAGE !== 0) throw new RangeError('a file of whole pages is asked for');
  mkdirSync(dir, { recursive: true });
  const times = randomOf(seed, 'big');
  writeBigFile(join(dir, 'random.bin'), times, (file) => writeRandom(file, seed, fileBytes));
  writeBigFile(join(dir, 'disk.img'), times, (file) => writeDisk(file, seed, fileBytes));
  writeBigFile(join(dir, 'server.log'), times, (file) => writeLog(file, seed, fileBytes));
}

function writeRandom(file: number, seed: number, fileBytes: number): void {
  const random = randomOf(seed, 'random.bin');
  const block = Buffer.alloc(MIB);
  for (let at = 0; at < fileBytes; at += block.length) {
    random.fill(block);
    writeSync(file, block, 0, Math.min(block.length, fileBytes - at), at);
  }
}

function writeDisk(file: number, seed: number, fileBytes: number): void {
  const random = randomOf(seed, 'disk.img');
  const words = vocabulary(randomOf(seed, 'words'));
  const names = packageNames(random, words);
  const extent = Buffer.alloc(MOST_EXTENT_PAGES * PAGE);
  for (let at = 0; at < fileBytes;) {
    const pages = 1 + Math.floor(random.unit() ** 2 * MOST_EXTENT_PAGES);
    const bytes = extent.subarray(0, Math.min(pages * PAGE, fileBytes - at));
    const kind = random.below(100);
    if (kind < 25) bytes.fill(0);
    else if (kind < 55) bytes.write(sourceText(random, words, names, bytes.length), 'latin1');
    else if (kind < 75) random.fill(bytes);
    else if (kind < 90) fillWithRecords(bytes, random);
    else if (at >= bytes.length) {
      readSync(file, bytes, 0, bytes.length, PAGE * random.below((at - bytes.length) / PAGE + 1));
    } else bytes.fill(0xff);
    writeSync(file, bytes, 0, bytes.length, at);
    at += bytes.length;
  }
}

/** A table as a database keeps it: a running number, a few small fields, some that stay for a while. */
function fillWithRecords(bytes: Buffer, random: Random): void {
  const record = Buffer.alloc(RECORD_BYTES);
  random.fill(record);
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    record.writeUInt32LE((record.readUInt32LE(0) + 1) >>> 0, 0);
    record.writeUInt8(random.below(20), 4);
    record.writeUInt16LE(random.below(2 ** 16), 8);
    if (random.below(3) === 0) record.writeUInt32LE(random.below(2 ** 32), 16);
    record.copy(bytes, at);
  }
}

function writeLog(file: number, seed: number, fileBytes: number): void {
  const random = randomOf(seed, 'server.log');
  const log = beginLog(random, vocabulary(randomOf(seed, 'words')));
  for (let at = 0; at < fileBytes;) {
    const text = Buffer.from(logText(random, log, MIB), 'latin1');
    at += writeSync(file, text, 0, Math.min(text.length, fileBytes - at), at);
  }
}
