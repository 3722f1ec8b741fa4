/** Next to no data under very many names: what it costs to walk a tree and to compare it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomOf } from './random.ts';
import { vocabulary } from './text.ts';
import { writeSmallFile } from './writeFile.ts';

const MOST_DEPTH = 8;
const MOST_FILES_OF_FOLDER = 54;
const MOST_PADDING = 30;

/** Fills `dir`, which is made: `files` files of up to 40 bytes, 18 in a folder on average. */
export function makeTree(dir: string, seed: number, files: number): void {
  const words = vocabulary(randomOf(seed, 'words'));
  const random = randomOf(seed, 'tree');
  mkdirSync(dir, { recursive: true });
  const folders = [{ path: dir, depth: 0 }];
  for (let i = 0; i < files;) {
    const above = random.pick(folders);
    if (above.depth === MOST_DEPTH) continue;
    const folder = {
      path: join(above.path, `${random.pick(words)}-${folders.length}`),
      depth: above.depth + 1,
    };
    mkdirSync(folder.path);
    folders.push(folder);
    for (
      let more = 1 + Math.floor(random.unit() ** 2 * MOST_FILES_OF_FOLDER);
      more > 0 && i < files;
      more--
    ) {
      const name = `${random.pick(words)}-${random.pick(words)}-${i}.txt`;
      writeSmallFile(join(folder.path, name), `${'.'.repeat(random.below(MOST_PADDING))}${i}`, random);
      i++;
    }
  }
}
