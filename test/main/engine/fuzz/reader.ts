/** What is fuzzed: something that reads bytes or data from outside. */
import type { Random } from '../crash/randomTree.ts';

export interface Reader {
  /** Makes an input out of sound ones and chance, and has it read; returns whether it was taken for sound. */
  readonly attempt: (random: Random) => boolean | Promise<boolean>;
  /** How many attempts weigh as much as one of a quick reader. Default: 1. */
  readonly weight?: number;
  readonly end?: () => void | Promise<void>;
}

/** Fails like a reader that took what it must never take. */
export class WronglyTaken extends Error {}
