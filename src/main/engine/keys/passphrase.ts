/** What may be a passphrase. Few rules, for length is what counts, but none that guesses itself. */
import { EngineError } from '../failure.ts';

/** Shortest passphrase, in characters as Unicode counts them. */
export const MIN_PASSPHRASE_LENGTH = 8;

/** What every guesser tries first, of those that the other rules let through; without digits and marks at the end. */
const FIRST_GUESSES = new Set([
  ...[
    'password',
    'passphrase',
    'passwort',
    'permafrost',
    'qwerty',
    'qwertyui',
    'qwertyuiop',
    'qwertz',
    'qwertzui',
  ],
  ...[
    'qwertzuiop',
    'asdfghjkl',
    'azertyui',
    'azertyuiop',
    'iloveyou',
    'letmein',
    'welcome',
    'sunshine',
    'princess',
  ],
  ...[
    'football',
    'baseball',
    'superman',
    'trustno',
    'starwars',
    'computer',
    'internet',
    'changeme',
    'backup',
  ],
  ...['1q2w3e4r', '1qaz2wsx', 'secret', 'master', 'monkey', 'dragon', 'admin', 'administrator', 'abc123'],
]);

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
  if (characters.length === 0) throw unfit('The passphrase is empty.');
  if (characters.join('').trim() === '') throw unfit('The passphrase is nothing but spaces.');
  if (characters.length < MIN_PASSPHRASE_LENGTH) {
    throw unfit(`The passphrase is shorter than ${MIN_PASSPHRASE_LENGTH} characters.`);
  }
  if (isRepeated(characters)) throw unfit('The passphrase is a few characters over and over.');
  if (isSequence(characters)) throw unfit('The passphrase only counts up or down.');
  if (isFirstGuess(typed)) throw unfit('The passphrase is among the first that anybody would guess.');
}

/** One to three characters again and again. */
function isRepeated(characters: readonly string[]): boolean {
  return [1, 2, 3].some((unit) => characters.every((character, i) => character === characters[i % unit]));
}

function isSequence(characters: readonly string[]): boolean {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  return [1, -1].some((step) =>
    // 9 is followed by 0, as on a keyboard.
    codes.every(
      (code, i) => i === 0 || code - (codes[i - 1] ?? 0) === step || (codes[i - 1] === 57 && code === 48),
    ),
  );
}

function isFirstGuess(typed: string): boolean {
  const plain = typed.toLowerCase().replace(/\s/g, '');
  return FIRST_GUESSES.has(plain) || FIRST_GUESSES.has(plain.replace(/[\d!?.#*$]+$/, ''));
}

function unfit(message: string): EngineError {
  return new EngineError(
    'invalid',
    message,
    'Choose a longer one; a few words that do not belong together do well.',
  );
}
