import type { Command } from 'commander';
import { failed } from '../failed.ts';
import { shown } from '../format.ts';
import type { Output } from '../output.ts';
import { askHidden, canAsk } from '../passphrase.ts';
import { absolutePath } from '../paths.ts';
import { keyboard, withSession, type Session } from '../session.ts';

interface KitOptions {
  readonly out?: string;
  readonly letter?: true;
  readonly prove?: true;
}

export function addKit(program: Command, output: Output): void {
  program
    .command('kit')
    .description('The recovery kit: one page that brings everything back without the passphrase.')
    .option(
      '--out <file>',
      'Save it there: text, or PDF if the name ends in .pdf. By default it is printed here.',
    )
    .option('--letter', 'PDF: for Letter paper instead of A4.')
    .option('--prove', 'Type a part of the code from the page, to prove that somebody has it.')
    .action(async ({ out, letter, prove }: KitOptions, command: Command) => {
      await withSession(command, output, { keys: 'needed' }, async (session) => {
        if (prove === true) return proveKit(session);
        if (out === undefined) {
          const page = await session.ask('kit:page', {});
          return output.result(page, () => page.text.trimEnd().split('\n'));
        }
        await saveKit(session, out, letter === true ? 'LETTER' : 'A4');
        return output.result({ saved: out }, () => [
          `The recovery kit lies in ${shown(out)}. Whoever has it can read the archives: print it, and keep it apart from this computer.`,
          'Then prove that it can be read: permafrost kit --prove',
        ]);
      });
    });
}

/** @param out as it was typed; its ending says which form */
export async function saveKit(session: Session, out: string, paper: 'A4' | 'LETTER'): Promise<void> {
  const format = out.toLowerCase().endsWith('.pdf') ? 'pdf' : 'text';
  await session.ask('kit:save', { to: absolutePath(out, process.cwd()), format, paper });
}

async function proveKit(session: Session): Promise<void> {
  if (!canAsk(keyboard)) {
    throw failed(
      'invalid',
      'The code has to be typed from the page, and nobody is there to type it.',
      'Run this in a terminal, with the page beside you.',
    );
  }
  const { groups } = await session.ask('kit:challenge', {});
  const typed: { group: number; text: string }[] = [];
  for (const group of groups)
    typed.push({
      group,
      text: await askHidden(`Group ${group} of the recovery code: `, keyboard, session.signal),
    });
  const status = await session.ask('kit:prove', { typed });
  await session.output.result(status, () => [
    'That is right. With this page and the archives everything comes back, on any computer.',
  ]);
}
