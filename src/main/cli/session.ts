/** What most commands share: the engine on the chosen profile, its keys where they are needed, and an orderly end. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Outputs, RequestInput, RequestName } from '../../shared/contract.ts';
import { defaultProfile, openEngine, thisSystem } from '../engine/engine.ts';
import type { Engine } from '../engine/engine.ts';
import { Failed, failed } from './failed.ts';
import { listenForStop } from './interruption.ts';
import type { Output } from './output.ts';
import { askHidden, canAsk, givenPassphrase } from './passphrase.ts';
import type { Keyboard } from './passphrase.ts';
import { absolutePath } from './paths.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly profile?: string;
  readonly json?: boolean;
  readonly passphraseFile?: string;
}

export interface Session {
  readonly engine: Engine;
  readonly output: Output;
  /** Aborted when somebody asks to stop. */
  readonly signal: AbortSignal;
  /** The contract's answer. @throws Failed for a failure */
  ask<R extends RequestName>(request: R, input: RequestInput<R>): Promise<Outputs[R]>;
}

/**
 * `needed`: the command cannot do without keys and asks for the passphrase if nobody gave it. `welcome`: they are
 * opened when the passphrase was given. `none`: not touched.
 */
export type Keys = 'needed' | 'welcome' | 'none';

export interface SessionOptions {
  readonly keys: Keys;
  /** Makes the profile folder if it does not exist; otherwise that is a failure. */
  readonly make?: boolean;
  /** The command looks at `signal` itself and ends soon after; others are left where they are. */
  readonly stopsItself?: boolean;
  /** What somebody who stopped the command should know. */
  readonly whenStopped?: string;
  /** It runs for hours: the engine carries orders on by itself. */
  readonly resident?: boolean;
  /** A catalog that is lost or damaged may be made anew. */
  readonly rebuild?: boolean;
}

export const keyboard: Keyboard = { input: process.stdin, output: process.stderr };

/** Runs `use` on the engine, then closes it; also when somebody stops the command or it fails. */
export async function withSession(
  command: Command,
  output: Output,
  options: SessionOptions,
  use: (session: Session, globals: GlobalOptions) => Promise<void>,
): Promise<void> {
  const globals = command.optsWithGlobals<GlobalOptions>();
  const profile = profileFolder(globals);
  if (options.make !== true && !existsSync(profile)) throw noProfile(profile);
  const stop = listenForStop((line) => output.note(line), options.whenStopped);
  try {
    const engine = await openEngine({
      profile,
      host: `cli ${command.name()}`,
      resident: options.resident === true,
      rebuild: options.rebuild === true,
    });
    try {
      const session = openSession(engine, output, stop.signal);
      await Promise.race([openKeys(session, options.keys, globals), stop.stopped]);
      const used = use(session, globals);
      await (options.stopsItself === true ? used : Promise.race([used, stop.stopped]));
    } finally {
      await engine.close();
    }
  } finally {
    output.status.clear();
    stop.end();
  }
}

export function openSession(engine: Engine, output: Output, signal: AbortSignal): Session {
  return {
    engine,
    output,
    signal,
    ask: async (request, input) => {
      const reply = await engine.request(request, input);
      if (reply.ok) return reply.value;
      throw new Failed(reply.failure);
    },
  };
}

/** The profile that was chosen, a full path. */
export function profileFolder({ profile }: GlobalOptions): string {
  const chosen = profile ?? process.env['PERMAFROST_PROFILE'];
  return chosen === undefined || chosen === ''
    ? defaultProfile(thisSystem)
    : absolutePath(chosen, process.cwd());
}

function noProfile(folder: string): Failed {
  return failed(
    'not-found',
    `There is no profile in ${folder} yet.`,
    'Make one with "permafrost init", or name another with --profile.',
  );
}

/** The keychain comes first without being asked: where it answered, the engine opens with its keys. */
async function openKeys(session: Session, keys: Keys, globals: GlobalOptions): Promise<void> {
  if (keys === 'none') return;
  const { state, folder } = await session.ask('profile:status', {});
  if (state === 'open') return;
  if (state === 'new') {
    if (keys === 'welcome') return;
    throw noProfile(folder);
  }
  const passphrase =
    givenPassphrase(globals.passphraseFile, process.env) ?? (await askIfNeeded(keys, session.signal));
  if (passphrase !== undefined) await session.ask('profile:unlock', { passphrase });
}

async function askIfNeeded(keys: Keys, signal: AbortSignal): Promise<string | undefined> {
  if (keys !== 'needed') return undefined;
  if (canAsk(keyboard)) return askHidden('Passphrase: ', keyboard, signal);
  throw failed('locked', 'The passphrase is needed, and nobody is there to type it.', waysToGivePassphrase);
}

export const waysToGivePassphrase =
  'Give it with --passphrase-file FILE or in PERMAFROST_PASSPHRASE, or run this in a terminal.';
