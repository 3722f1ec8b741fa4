import { EngineError } from '../failure.ts';

/**
 * What every check of a pack throws when it fails: nothing is repaired, nothing is guessed.
 * @param what one sentence without a full stop that names the pack or the part of it
 */
export function damaged(what: string, cause?: unknown): EngineError {
  return new EngineError(
    'corrupt',
    `${what}.`,
    'Fetch the archive again; if it stays so, what else is stored can still be restored without it.',
    { cause },
  );
}
