/**
 * A small tree with what real folders hold and backups stumble over: documents, a file with holes, links, empty
 * things, old times, odd permissions and odd names. The same on every call, but for names that this system refuses.
 */
import { createCipheriv, createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const MiB = 2 ** 20;

/** Fills `root`, a folder that does not exist yet: about 400 files, 25 MB on disk. */
export function makeSample(root: string): void {
  mkdirSync(root);
  makeDocuments(join(root, 'documents'));
  makePhotos(join(root, 'photos'));
  makeOddities(join(root, 'oddities'));
}

/** Text that compresses, in folders by year, with times of that year. */
function makeDocuments(folder: string): void {
  for (let year = 2014; year <= 2024; year++) {
    const ofYear = join(folder, String(year));
    mkdirSync(ofYear, { recursive: true });
    for (let n = 1; n <= 35; n++) {
      const file = join(ofYear, `letter ${n}.txt`);
      const line = `Letter ${n} of ${year}. It was a year like others, and yet not quite.\n`;
      writeFileSync(file, line.repeat(n * 6));
      setTime(file, Date.UTC(year, n % 12, 1 + (n % 28), 12, n, 30));
    }
    setTime(ofYear, Date.UTC(year, 11, 31, 23, 59, 59));
  }
}

/** Bytes that do not compress, as photos do not. */
function makePhotos(folder: string): void {
  mkdirSync(folder);
  for (let n = 1; n <= 10; n++) {
    const file = join(folder, `IMG_${1000 + n}.jpg`);
    writeFileSync(file, noise(`photo ${n}`, 2 * MiB + n * 12_345));
    setTime(file, Date.UTC(2023, 6, n, 9, 30));
  }
  // A copy under another name: it is stored once.
  writeFileSync(join(folder, 'IMG_1001 (copy).jpg'), noise('photo 1', 2 * MiB + 12_345));
}

function makeOddities(folder: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'empty file'), '');
  mkdirSync(join(folder, 'empty folder'));
  makeSparse(join(folder, 'disk image with holes'));
  writeFileSync(join(folder, 'private'), 'for my eyes only\n', { mode: 0o600 });
  writeFileSync(join(folder, 'before 1970'), 'very old\n');
  setTime(join(folder, 'before 1970'), Date.UTC(1969, 6, 20, 20, 17, 40));
  let deep = folder;
  for (let n = 1; n <= 40; n++) deep = join(deep, `deeper ${n}`);
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'bottom'), 'down here\n');

  const odd = [
    '-rf',
    ' space in front',
    'Grüße an Zoë',
    '写真',
    'what? "quotes" & <signs>',
    'line\nbreak',
    'e\u{301} and \u{e9}',
  ];
  for (const name of odd) tryHere(() => writeFileSync(join(folder, name), `${name}\n`));
  tryHere(() =>
    writeFileSync(Buffer.concat([Buffer.from(join(folder, 'not UTF-8 ')), Buffer.of(0xff, 0xfe)]), 'bytes\n'),
  );
  tryHere(() => linkSync(join(folder, 'private'), join(folder, 'the same as private')));
  tryHere(() => symlinkSync('../photos/IMG_1001.jpg', join(folder, 'favourite photo')));
  tryHere(() => symlinkSync('nowhere', join(folder, 'link to nothing')));
  writeFileSync(join(folder, 'program'), '#!/bin/sh\necho hello\n');
  tryHere(() => chmodSync(join(folder, 'program'), 0o755));
  tryHere(() => chmodSync(join(folder, 'empty file'), 0o444));
}

/** 48 MiB long, with data in the middle only. */
function makeSparse(file: string): void {
  const fd = openSync(file, 'wx');
  try {
    ftruncateSync(fd, 48 * MiB);
    writeSync(fd, noise('sparse', MiB), 0, MiB, 20 * MiB);
  } finally {
    closeSync(fd);
  }
}

/** Bytes that look random and are the same each time. */
function noise(seed: string, length: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

function setTime(path: string, ms: number): void {
  utimesSync(path, ms / 1000, ms / 1000);
}

/** What this system cannot hold (names, links) the sample goes without. */
function tryHere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
