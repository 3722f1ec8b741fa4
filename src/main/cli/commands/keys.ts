import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { askHidden, askNewPassphrase, canAsk, givenPassphrase } from '../passphrase.ts';
import { failed } from '../failed.ts';
import { keyboard, waysToGivePassphrase, withSession, type GlobalOptions, type Session } from '../session.ts';

export function addKeys(program: Command, output: Output): void {
  program
    .command('passphrase')
    .description(
      'Changes the passphrase. The recovery code of the kit opens it too, if the passphrase is lost.',
    )
    .option('--new-passphrase-file <file>', 'A file whose first line is the new one.')
    .action(async ({ newPassphraseFile }: { newPassphraseFile?: string }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session, globals) => {
        const current = await currentSecret(session, globals);
        await session.ask('profile:unlock', { passphrase: current });
        const passphrase = await newPassphrase(newPassphraseFile, session.signal);
        const status = await session.ask('keys:changePassphrase', { current, passphrase });
        await output.result(status, () => [
          'The passphrase is changed here; each target gets the new key slots with the next backup to it.',
          'Copies of the old slots still open with the old one. If somebody may know it, renew the keys as well: permafrost keys renew',
        ]);
      });
    });

  const keys = program.command('keys').helpCommand(false).description('The keys that seal everything.');

  keys
    .command('renew')
    .description(
      'Adds a new key for all that is stored from now on, for when the old one may be known to somebody.',
    )
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session, globals) => {
        const current = await currentSecret(session, globals);
        await session.ask('profile:unlock', { passphrase: current });
        const status = await session.ask('keys:renew', { current });
        await output.result(status, () => [
          'What is stored from now on is sealed with a new key. What was stored before stays as it is.',
          'The recovery code is a new one: make the kit again (permafrost kit --out kit.pdf) and destroy the old page.',
        ]);
      });
    });

  for (const remember of [true, false]) {
    keys
      .command(remember ? 'remember' : 'forget')
      .description(
        remember
          ? "Keeps a copy of the keys in this system's keychain, so that nobody has to be asked."
          : "Takes the copy out of this system's keychain.",
      )
      .action(async (_options: object, command: Command) => {
        await withSession(command, output, { keys: remember ? 'needed' : 'none' }, async (session) => {
          const status = await session.ask('keys:remember', { remember });
          await output.result(status, () => [
            remember
              ? 'The keychain has the keys now: no passphrase is needed while it is unlocked.'
              : 'The keychain has them no more: the passphrase is needed again.',
          ]);
        });
      });
  }
}

/** AWS keys that are typed in rather than found. */
export function addAwsKeys(program: Command, output: Output): void {
  const keys = program
    .command('aws-keys')
    .helpCommand(false)
    .description(
      "AWS keys in this system's keychain, for targets that use neither a profile nor the environment.",
    );

  keys
    .command('set')
    .description(
      'Keeps keys under a name. They are asked for, or taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    )
    .argument('<name>')
    .option(
      '--from-environment',
      'Take what AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN hold.',
    )
    .action(async (name: string, { fromEnvironment }: { fromEnvironment?: true }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const typed = fromEnvironment === true ? environmentKeys() : await askAwsKeys(session);
        const nothing = await session.ask('awsKeys:set', { name, ...typed });
        await output.result(nothing, () => [
          `The keychain has the keys "${name}" now. Use them with: permafrost target add … --aws-keys ${name}`,
        ]);
      });
    });

  keys
    .command('remove')
    .description('Takes keys out of the keychain.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('awsKeys:remove', { name });
        await output.result(nothing, () => [`The keychain does not have the keys "${name}" any more.`]);
      });
    });
}

interface AwsKeysTyped {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function environmentKeys(): AwsKeysTyped {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  if (id === undefined || secret === undefined) {
    throw failed(
      'invalid',
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set.',
      'Set both, or leave --from-environment out and type them.',
    );
  }
  return { accessKeyId: id, secretAccessKey: secret, ...(token !== undefined && { sessionToken: token }) };
}

async function askAwsKeys({ signal }: Session): Promise<AwsKeysTyped> {
  if (!canAsk(keyboard)) {
    throw failed(
      'invalid',
      'The keys are needed, and nobody is there to type them.',
      'Use --from-environment.',
    );
  }
  const accessKeyId = await askHidden('Access key id: ', keyboard, signal);
  const secretAccessKey = await askHidden('Secret access key: ', keyboard, signal);
  return { accessKeyId, secretAccessKey };
}

async function currentSecret({ signal }: Session, globals: GlobalOptions): Promise<string> {
  const given = givenPassphrase(globals.passphraseFile, process.env);
  if (given !== undefined) return given;
  if (canAsk(keyboard)) return askHidden('Passphrase until now, or recovery code: ', keyboard, signal);
  throw failed('locked', 'The passphrase is needed, and nobody is there to type it.', waysToGivePassphrase);
}

async function newPassphrase(file: string | undefined, signal: AbortSignal): Promise<string> {
  if (file !== undefined) return givenPassphrase(file, {}) ?? '';
  if (canAsk(keyboard)) return askNewPassphrase(keyboard, signal);
  throw failed(
    'locked',
    'A new passphrase is needed, and nobody is there to type it.',
    'Give it with --new-passphrase-file FILE, or run this in a terminal.',
  );
}
