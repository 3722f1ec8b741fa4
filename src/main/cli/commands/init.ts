import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { shown } from '../format.ts';
import type { Output } from '../output.ts';
import { saveKit } from './kit.ts';
import { failed } from '../failed.ts';
import { askNewPassphrase, canAsk, givenPassphrase } from '../passphrase.ts';
import { keyboard, profileFolder, waysToGivePassphrase, withSession } from '../session.ts';
import type { GlobalOptions } from '../session.ts';

export function addInit(program: Command, output: Output): void {
  program
    .command('init')
    .description('Makes a profile: the key that seals everything, opened by your passphrase.')
    .option('--remember', "Keep a copy of the key in this system's keychain, so that nobody has to be asked.")
    .option('--kit-out <file>', 'Save the recovery kit there: text, or PDF if the name ends in .pdf.')
    .action(async (options: { remember?: true; kitOut?: string }, command: Command) => {
      await orNothing(profileFolder(command.optsWithGlobals<GlobalOptions>()), () =>
        withSession(command, output, { keys: 'none', make: true }, async (session, globals) => {
          const before = await session.ask('profile:status', {});
          if (before.state !== 'new') {
            throw failed(
              'conflict',
              `The profile in ${before.folder} has its key already.`,
              'Use it as it is, or make another one with --profile.',
            );
          }
          const passphrase = await newPassphrase(globals, session.signal);
          const remember = options.remember === true;
          const status = await session.ask('profile:init', { passphrase, remember });
          if (options.kitOut !== undefined) await saveKit(session, options.kitOut, 'A4');
          await output.result(status, () => [
            `The profile is ready in ${status.folder}.`,
            'Keep the passphrase in a safe place apart from this computer. If it is lost, only the recovery kit helps:',
            options.kitOut === undefined
              ? 'when there is a target, print it with "permafrost kit --out kit.pdf".'
              : `it lies in ${shown(options.kitOut)}. Print it, then prove that you have it: permafrost kit --prove`,
          ]);
        }),
      );
    });
}

/** A profile that was not made whole is not left behind: it would pass for one. */
async function orNothing(profile: string, make: () => Promise<void>): Promise<void> {
  const wasThere = existsSync(profile);
  try {
    await make();
  } catch (error) {
    if (!wasThere && !existsSync(join(profile, 'keys.json')))
      rmSync(profile, { recursive: true, force: true });
    throw error;
  }
}

async function newPassphrase(globals: GlobalOptions, signal: AbortSignal): Promise<string> {
  const given = givenPassphrase(globals.passphraseFile, process.env);
  if (given !== undefined) return given;
  if (canAsk(keyboard)) return askNewPassphrase(keyboard, signal);
  throw failed('locked', 'A passphrase is needed, and nobody is there to type it.', waysToGivePassphrase);
}
