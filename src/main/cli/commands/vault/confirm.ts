/** A yes before what costs something or cannot be taken back. */
import { createInterface } from 'node:readline';
import { failed } from '../../failed.ts';
import { canAsk } from '../../passphrase.ts';
import { keyboard, type Session } from '../../session.ts';

/**
 * Says `before` (the price, the consequences) and returns once somebody has agreed: by --yes, or by typing it.
 * @throws Failed when nobody did
 */
export async function confirm(
  { output, signal }: Session,
  yes: boolean,
  before: readonly string[],
): Promise<void> {
  if (yes) {
    if (!output.json) output.note(...before);
    return;
  }
  output.note(...before);
  if (!canAsk(keyboard))
    throw failed('invalid', 'This needs a yes, and nobody is there to type it.', 'If you agree, add --yes.');
  if (await isAgreed(keyboard, signal)) return;
  throw failed('cancelled', 'Stopped: it was not answered with yes.', 'Nothing was done.');
}

/** Asks for the word; anything else, the end of input and an abort are no. */
export async function isAgreed(
  terminal: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  signal: AbortSignal,
): Promise<boolean> {
  terminal.output.write('Type yes to go on: ');
  // Not raw: the terminal edits the line, and Ctrl-C stays a signal to the whole command.
  const lines = createInterface({ input: terminal.input, terminal: false });
  try {
    const line = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
      signal.addEventListener('abort', () => resolve(''), { once: true });
    });
    return line.trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}
