/** What must hold for Permafrost's bytes on any machine, in one round as in many. Pure. */
import { ADDED_BYTES } from './corpus/edit.ts';
import type { CorpusFacts } from './corpora.ts';
import type { Run } from './rounds.ts';

const MIB = 2 ** 20;
/** A pack and a manifest are filled up to whole MiB, and the simulator keeps records beside its archives. */
const SLACK_BYTES = 6 * MIB;
/** Bytes at the target for the name and the metadata of one file, and its few bytes. */
const BYTES_PER_TINY_FILE = 200;
/** Chunks around an insert that are new, at their average size, and then some. */
const BYTES_PER_INSERT_BYTE = 160;

interface Bound {
  readonly least: number;
  readonly most: number;
}

/** Sentences about runs outside their bounds. Programs of others have none. */
export function outOfBounds(corpus: CorpusFacts, runs: readonly Run[]): string[] {
  return runs.filter(isOwn).flatMap((run) => {
    const { least, most } = boundOf(corpus, run);
    const bytes = run.step === 'first' ? run.storedBytes : run.addedBytes;
    if (bytes >= least && bytes <= most) return [];
    const bound = `between ${inMiB(least)} and ${inMiB(most)} are expected`;
    return [`${corpus.name}, ${run.step}, ${run.contender}: ${inMiB(bytes)} stored, ${bound}`];
  });
}

function isOwn({ contender }: Run): boolean {
  return contender.startsWith('permafrost');
}

function boundOf(corpus: CorpusFacts, { step }: Run): Bound {
  switch (step) {
    case 'first':
      return firstBound(corpus);
    case 'edit':
      return {
        least: corpus.files * ADDED_BYTES,
        most: corpus.files * ADDED_BYTES * BYTES_PER_INSERT_BYTE + SLACK_BYTES,
      };
    default:
      return { least: 0, most: 0 };
  }
}

function firstBound({ name, files, bytes }: CorpusFacts): Bound {
  switch (name) {
    case 'small':
      return { least: bytes / 20, most: bytes / 3 + SLACK_BYTES };
    case 'big':
      // A third is random: nothing makes that smaller.
      return { least: bytes / 3, most: bytes * 0.65 + SLACK_BYTES };
    case 'tree':
      return { least: 1, most: files * BYTES_PER_TINY_FILE + SLACK_BYTES };
  }
}

function inMiB(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
