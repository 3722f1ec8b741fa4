/** Many files of source-like text in packages, as a folder of projects has them, with copies and near copies. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, randomOf } from './random.ts';
import { packageNames, sourceText, vocabulary } from './text.ts';
import { writeSmallFile } from './writeFile.ts';

const PACKAGES = 40;
const FILES_OF_FOLDER = 14;
const LEAST_BYTES = 1000;
const MOST_BYTES = 31_300;
const COPIES = 0.08;
const NEAR_COPIES = 0.07;
/** Texts that later files may repeat. */
const REMEMBERED = 3000;
const PARTS = ['src', 'lib', 'test', 'docs'];
const ENDINGS = ['ts', 'js', 'py', 'h', 'css', 'json', 'md'];

/** Fills `dir`, which is made: `files` files of 11 kB on average. */
export function makeSmall(dir: string, seed: number, files: number): void {
  const words = vocabulary(randomOf(seed, 'words'));
  const random = randomOf(seed, 'small');
  const texts: string[] = [];
  const filesOfPackage = Math.ceil(files / PACKAGES);
  let names: string[] = [];
  let folder = dir;
  for (let i = 0; i < files; i++) {
    const pack = Math.floor(i / filesOfPackage);
    if (i % filesOfPackage === 0) names = packageNames(randomOf(seed, `package ${pack}`), words);
    if (i % FILES_OF_FOLDER === 0) {
      folder = join(dir, `package-${pack}`, random.pick(PARTS), random.pick(words), random.pick(words));
      mkdirSync(folder, { recursive: true });
    }
    const text = textOf(random, words, names, texts);
    // A tenth is remembered; once there are enough, each new one takes the place of an old one.
    if (random.below(10) === 0)
      texts[texts.length < REMEMBERED ? texts.length : random.below(REMEMBERED)] = text;
    writeSmallFile(join(folder, `${random.pick(words)}-${i}.${random.pick(ENDINGS)}`), text, random);
  }
}

function textOf(
  random: Random,
  words: readonly string[],
  names: readonly string[],
  earlier: readonly string[],
): string {
  const length = Math.floor(LEAST_BYTES + random.unit() ** 2 * (MOST_BYTES - LEAST_BYTES));
  const kind = random.unit();
  if (kind >= COPIES + NEAR_COPIES || earlier.length === 0) return sourceText(random, words, names, length);
  const text = random.pick(earlier);
  if (kind < COPIES) return text;
  const cut = random.below(text.length);
  return `${text.slice(0, cut)}\n// changed: ${random.below(2 ** 32)}\n${text.slice(cut)}`;
}
