/** The corpora: what each holds, which steps make sense with it, and what is made of it at which size. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeBig } from './corpus/big.ts';
import { makeSmall } from './corpus/small.ts';
import { makeTree } from './corpus/tree.ts';
import type { CorpusName, StepName } from './options.ts';

const SEED = 1;
const MIB = 2 ** 20;

export interface Corpus {
  readonly name: CorpusName;
  readonly steps: readonly StepName[];
  /** Roughly, on disk; before it is made. */
  readonly expectedBytes: number;
  /** Makes it in `dir`, which does not exist yet. */
  make(dir: string): void;
}

export interface CorpusFacts {
  readonly name: CorpusName;
  readonly files: number;
  readonly bytes: number;
}

/** `smoke`: small enough for a run of a few minutes. */
export function corpusOf(name: CorpusName, smoke: boolean): Corpus {
  switch (name) {
    case 'small': {
      const files = smoke ? 1500 : 60_000;
      return {
        name,
        steps: ['first', 'unchanged', 'restore', 'one', 'delay'],
        expectedBytes: files * 14_000,
        make: (dir) => makeSmall(dir, SEED, files),
      };
    }
    case 'big': {
      const fileBytes = smoke ? 16 * MIB : 1024 * MIB;
      return {
        name,
        steps: ['first', 'unchanged', 'restore', 'edit', 'delay'],
        expectedBytes: 3 * fileBytes,
        make: (dir) => makeBig(dir, SEED, fileBytes),
      };
    }
    case 'tree': {
      const files = smoke ? 2000 : 200_000;
      return {
        name,
        steps: ['first', 'unchanged', 'restore', 'delay'],
        expectedBytes: files * 4500,
        make: (dir) => makeTree(dir, SEED, files),
      };
    }
  }
}

export interface FileOfTree {
  /** Below the top, by slashes. */
  readonly path: string;
  readonly bytes: number;
}

/** The regular files of a tree, in the order of their paths. */
export function filesOf(dir: string): FileOfTree[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: path.slice(dir.length + 1), bytes: statSync(path).size }));
}

/** Bytes of the files of a tree; 0 if there is none. */
export function bytesOf(dir: string): number {
  return filesOf(dir).reduce((sum, { bytes }) => sum + bytes, 0);
}
