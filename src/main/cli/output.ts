/**
 * The two streams of a command: its result on stdout, everything else on stderr. With --json the result is exactly
 * one JSON document.
 */
import { openStatus } from './status.ts';
import type { Status } from './status.ts';

export interface Output {
  readonly json: boolean;
  /** Progress on stderr; lines written through `note` do not disturb it. */
  readonly status: Status;
  /** The command's result: `value` as JSON, or the lines of `human`. */
  result(value: unknown, human: () => readonly string[]): Promise<void>;
  /** Writes a piece of a result that is too long to hold; resolves when the reader has taken it. */
  write(text: string): Promise<void>;
  /** Says something that is not the result. */
  note(...lines: string[]): void;
  /** False once the reader of stdout has gone away (`| head`). */
  isHeard(): boolean;
}

export function openOutput(json: boolean): Output {
  const { stdout, stderr } = process;
  const status = openStatus(stderr);
  let heard = true;
  // A reader that leaves early is its own affair: what was asked of the engine goes on to its end.
  stdout.on('error', () => (heard = false));
  stderr.on('error', () => undefined);

  const write = async (text: string) => {
    if (!heard) return;
    status.clear();
    if (!stdout.write(text)) await drained(stdout);
  };
  return {
    json,
    status,
    write,
    result: (value, human) => write(json ? `${JSON.stringify(value)}\n` : asText(human())),
    note: (...lines) => {
      status.clear();
      stderr.write(asText(lines));
    },
    isHeard: () => heard,
  };
}

/** Resolves when more can be written, or nothing will be read any more. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) stream.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) stream.on(event, done);
  });
}

function asText(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
