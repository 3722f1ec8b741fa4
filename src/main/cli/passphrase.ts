/** Where the passphrase comes from: a file, the environment, or somebody at the terminal. */
import { readFileSync } from 'node:fs';
import { failed } from './failed.ts';

/**
 * The passphrase from `--passphrase-file` or PERMAFROST_PASSPHRASE, in this order; undefined when neither is given.
 * A file's first line counts, without its end: editors put one there.
 */
export function givenPassphrase(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (file === undefined) return env['PERMAFROST_PASSPHRASE'];
  const [line = ''] = readPassphraseFile(file).split(/\r?\n/, 1);
  if (line !== '') return line;
  throw failed(
    'invalid',
    `The passphrase file ${file} is empty.`,
    'Write the passphrase into its first line.',
  );
}

function readPassphraseFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\u{feff}/u, '');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw failed(
      'unreadable',
      `The passphrase file ${file} cannot be read (${why}).`,
      'Check the name after --passphrase-file and who may read it.',
    );
  }
}

/** What a prompt needs of a terminal; `process.stdin` and `process.stderr` have it. */
export interface Keyboard {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Whether somebody can be asked. */
export function canAsk({ input, output }: Keyboard): boolean {
  return input.isTTY && output.isTTY;
}

/**
 * Asks for one line without showing it. Ctrl-C, the end of input and `signal` reject with `cancelled`.
 * The question goes to stderr, so that stdout stays the result.
 */
export function askHidden(
  question: string,
  { input, output }: Keyboard,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed = new TypedLine();
    const onData = (text: string) => {
      for (const letter of text) {
        const state = typed.press(letter);
        if (state === 'open') continue;
        if (state === 'cancelled') giveUp();
        else {
          stop();
          resolve(typed.text);
        }
        return;
      }
    };
    const giveUp = () => {
      stop();
      reject(failed('cancelled', 'Stopped: no passphrase was given.', 'Run the command again when ready.'));
    };
    const stop = () => {
      signal.removeEventListener('abort', giveUp);
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
    };
    signal.addEventListener('abort', giveUp);
    // First, so that nothing of an answer that comes at once is shown.
    input.setRawMode(true);
    output.write(question);
    input.setEncoding('utf8');
    input.on('data', onData);
    input.resume();
  });
}

/** A line under the keys that matter in raw mode, where the terminal edits nothing itself. */
export class TypedLine {
  #letters: string[] = [];

  get text(): string {
    return this.#letters.join('');
  }

  press(letter: string): 'open' | 'entered' | 'cancelled' {
    switch (letter) {
      case '\r':
      case '\n':
        return 'entered';
      case '\u{3}': // Ctrl-C
        return 'cancelled';
      case '\u{4}': // Ctrl-D ends the input; on an empty line there was none
        return this.#letters.length > 0 ? 'entered' : 'cancelled';
      case '\u{7f}':
      case '\b':
        this.#letters.pop();
        return 'open';
      case '\u{15}': // Ctrl-U
        this.#letters = [];
        return 'open';
      default:
        this.#letters.push(letter);
        return 'open';
    }
  }
}

/** A new passphrase, asked for twice. */
export async function askNewPassphrase(keyboard: Keyboard, signal: AbortSignal): Promise<string> {
  const first = await askHidden('New passphrase: ', keyboard, signal);
  const second = await askHidden('Again, to be sure: ', keyboard, signal);
  if (first === second) return first;
  throw failed(
    'invalid',
    'The two passphrases are not the same.',
    'Run the command again and type it twice alike.',
  );
}
