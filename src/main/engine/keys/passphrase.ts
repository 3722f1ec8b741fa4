/** What may be a passphrase. Few rules, for length is what counts, but none that guesses itself. */
import { EngineError } from '../failure.ts';

/** Shortest passphrase, in characters as Unicode counts them. */
export const MIN_PASSPHRASE_LENGTH = 8;

/** The form that is hashed: NFC, so that one passphrase typed on two systems gives the same bytes. */
export function normalizePassphrase(typed: string): string {
  return typed.normalize('NFC');
}

/**
 * Checks a passphrase that is about to be set, not one that is tried.
 * @throws EngineError `invalid`
 */
export function checkNewPassphrase(typed: string): void {
  const characters = Array.from(normalizePassphrase(typed));
  if (characters.length === 0) {
    throw unfit('The passphrase is empty.');
  }
  if (characters.length < MIN_PASSPHRASE_LENGTH) {
    throw unfit(`The passphrase is shorter than ${MIN_PASSPHRASE_LENGTH} characters.`);
  }
  if (new Set(characters).size === 1) {
    throw unfit('The passphrase is one character over and over.');
  }
}

function unfit(message: string): EngineError {
  return new EngineError(
    'invalid',
    message,
    'Choose a longer one; a few words that do not belong together do well.',
  );
}
