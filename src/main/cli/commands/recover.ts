import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { RecoverySummary } from '../../../shared/recoveryTypes.ts';
import type { Tier } from '../../../shared/types.ts';
import { failed, Failed } from '../failed.ts';
import { followRecovery, hasEnded, isAtRest } from '../followRecovery.ts';
import { positiveNumber } from '../options.ts';
import type { Output } from '../output.ts';
import { askHidden, canAsk, givenPassphrase } from '../passphrase.ts';
import { exitCodeOfRecovery, recoveryLines, whenStopped } from '../recoveryText.ts';
import { keyboard, withSession, type GlobalOptions, type Session } from '../session.ts';
import { settingsOf, type PlaceOptions } from './targets.ts';

interface RecoverOptions extends PlaceOptions {
  readonly name?: string;
  readonly kit?: string;
  readonly tier?: Tier;
  readonly maxCost?: number;
  readonly wait?: true;
  readonly cancel?: true;
}

export function addRecover(program: Command, output: Output): void {
  const recover = program
    .command('recover')
    .description(
      'Makes a profile anew from what a target holds, with the passphrase or the recovery kit alone.',
    )
    .usage('[vault|folder] [options]')
    .argument('[kind]', 'Vault or folder. Without it, the recovery that was begun is carried on.')
    .option('--vault <vault>', 'Vault: its name at Amazon Glacier.')
    .option('--region <region>', 'Vault: its region, like eu-central-1.')
    .option('--endpoint <url>', 'Vault: another address than the region has.')
    .option('--aws-profile <profile>', 'Vault: which of the AWS profiles on this computer to use.')
    .option('--aws-keys <name>', 'Vault: AWS keys in the keychain, see "permafrost aws-keys".')
    .option('--path <dir>', 'Folder: where it is.')
    .option('--name <name>', 'What to call the target here.')
    .option('--kit <file>', 'The recovery kit, saved as text.')
    .addOption(
      new Option('--tier <tier>', 'Vault: how fast, how dear.').choices(['expedited', 'standard', 'bulk']),
    )
    .option(
      '--max-cost <usd>',
      'What may be spent without asking again; by default 1 dollar.',
      positiveNumber,
    )
    .option('--wait', 'Stay until it is through, which takes hours from a vault.')
    .option('--cancel', 'Give up a recovery that is under way.');
  recover.action(async (kind: string | undefined, options: RecoverOptions, command: Command) => {
    const usage = (message: string): never => command.error(`error: ${message}`);
    const {
      name,
      kit: _kit,
      tier: _tier,
      maxCost: _maxCost,
      wait: _wait,
      cancel: _cancel,
      ...place
    } = options;
    const settings = kind === undefined ? undefined : settingsOf(kind, place, usage);
    if (settings === undefined && Object.keys(place).length > 0) usage("say 'vault' or 'folder' first");
    const session = {
      keys: 'none',
      make: settings !== undefined,
      rebuild: settings !== undefined,
      whenStopped,
    } as const;
    await withSession(command, output, session, async (opened, globals) => {
      if (options.cancel === true) return tell(output, await opened.ask('recover:cancel', {}));
      const start =
        settings === undefined
          ? () => carryOn(opened, options)
          : () => begin(opened, settings, name, options);
      return tell(output, await through(opened, globals, start, options.wait === true));
    });
  });
}

function begin(
  session: Session,
  settings: ReturnType<typeof settingsOf>,
  name: string | undefined,
  { kit, tier, maxCost }: RecoverOptions,
): Promise<RecoverySummary> {
  const called = name ?? (settings.kind === 'vault' ? settings.vault : 'archives');
  return session.ask('recover:start', {
    name: called,
    settings,
    ...(kit !== undefined && { kit: readKitFile(kit) }),
    ...(tier !== undefined && { tier }),
    ...(maxCost !== undefined && { maxUsd: maxCost }),
  });
}

async function carryOn(session: Session, { tier, maxCost }: RecoverOptions): Promise<RecoverySummary> {
  return session.ask('recover:resume', {
    ...(tier !== undefined && { tier }),
    ...(maxCost !== undefined && { maxUsd: maxCost }),
  });
}

/** To its end, or to where only hours help; the passphrase is asked for when there is something that it opens. */
async function through(
  session: Session,
  globals: GlobalOptions,
  start: () => Promise<RecoverySummary>,
  wait: boolean,
): Promise<RecoverySummary> {
  const until = wait ? hasEnded : isAtRest;
  const given = givenPassphrase(globals.passphraseFile, process.env);
  const { state } = await session.ask('profile:status', {});
  if (state === 'locked' && given !== undefined) await session.ask('profile:unlock', { passphrase: given });
  let recovery = await followRecovery(session, start, until);
  while (recovery.step === 'locked' && recovery.failure === null) {
    if (given === undefined && !canAsk(keyboard)) return recovery;
    await unlock(session, given);
    recovery = await followRecovery(session, () => session.ask('recover:resume', {}), until);
  }
  return recovery;
}

/** A wrong one is asked for again, where somebody can be asked. */
async function unlock(session: Session, given: string | undefined): Promise<void> {
  for (let secret = given; ; secret = undefined) {
    const passphrase =
      secret ?? (await askHidden('Passphrase, or recovery code: ', keyboard, session.signal));
    try {
      await session.ask('profile:unlock', { passphrase });
      return;
    } catch (error) {
      const isWrong = error instanceof Failed && error.failure.kind === 'wrong-passphrase';
      if (!isWrong || !canAsk(keyboard)) throw error;
      session.output.note(`${error.failure.message} ${error.failure.advice}`);
    }
  }
}

async function tell(output: Output, recovery: RecoverySummary): Promise<void> {
  await output.result(recovery, () => recoveryLines(recovery));
  process.exitCode = exitCodeOfRecovery(recovery);
}

function readKitFile(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.subarray(0, 5).toString('latin1') !== '%PDF-') return bytes.toString('utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw failed('unreadable', `The kit ${file} cannot be read (${why}).`, 'Check the name after --kit.');
  }
  throw failed(
    'invalid',
    `The kit ${file} is a PDF, which is for printing.`,
    'Leave --kit out and type the recovery code from the page when it is asked for.',
  );
}
