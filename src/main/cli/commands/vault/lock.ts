import type { Command } from 'commander';
import type { RequestInput } from '../../../../shared/contract.ts';
import type { LockStatus } from '../../../../shared/vaultTypes.ts';
import { formatDuration, formatWhen, shown } from '../../format.ts';
import { wholeNumber } from '../../options.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { confirm } from './confirm.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';
import { policyLines, readPolicyFile } from './policyText.ts';

interface StartOptions extends VaultOptions {
  readonly denyDeleteDays?: number;
  readonly policyFile?: string;
  readonly dryRun?: true;
}

interface CompleteOptions extends VaultOptions {
  readonly lockId?: string;
  readonly yes?: true;
}

export function addLock(vault: Command, output: Output): void {
  const lock = vault
    .command('lock')
    .helpCommand(false)
    .description('A policy that nobody can change or take back, once it has been tested and completed.');

  withVault(lock.command('show', { isDefault: true }))
    .description('Whether the vault is locked or a lock is tested, by which policy, and what that means.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const status = await session.ask('vaultLock:show', place);
        await output.result(status, () => [...lockLines(status), ...policyOf(status)]);
      });
    });

  withVault(lock.command('start'))
    .description('Puts a policy to the test for 24 hours; then it lapses unless it is completed.')
    .option(
      '--deny-delete-days <days>',
      'Nobody may delete archives younger than that.',
      wholeNumber(1, 36_500),
    )
    .option('--policy-file <file>', 'A policy document of your own, JSON.')
    .option('--dry-run', 'Only show the policy and say what it means.')
    .action(async (options: StartOptions, command: Command) => {
      const asked = { ...vaultIn(options, command), policy: wantedPolicy(options, command) };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        if (options.dryRun === true) {
          const preview = await session.ask('vaultLock:preview', asked);
          await output.result(preview, () => [...preview.consequences, ...policyLines(preview.policy)]);
          return;
        }
        const status = await session.ask('vaultLock:start', asked);
        await output.result(status, () => lockLines(status));
      });
    });

  withVault(lock.command('complete'))
    .description('Locks the vault for good with the policy that is tested.')
    .option('--lock-id <id>', 'The id that was shown at the start, where it is not kept here.')
    .option('--yes', 'Agree to what is said of it without being asked.')
    .action(async (options: CompleteOptions, command: Command) => {
      const { lockId, yes } = options;
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const before = await session.ask('vaultLock:show', place);
        if (before.state === 'testing') await confirm(session, yes === true, before.consequences);
        const wanted = { ...place, ...(lockId !== undefined && { lockId }), accept: true } as const;
        const status = await session.ask('vaultLock:complete', wanted);
        await output.result(status, () => lockLines(status));
      });
    });

  withVault(lock.command('abort'))
    .description('Ends the test; the vault is as before.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const status = await session.ask('vaultLock:abort', place);
        await output.result(status, () => lockLines(status));
      });
    });
}

function wantedPolicy(
  { denyDeleteDays, policyFile }: StartOptions,
  command: Command,
): RequestInput<'vaultLock:start'>['policy'] {
  if ((denyDeleteDays === undefined) === (policyFile === undefined))
    return command.error("error: give one of '--deny-delete-days' and '--policy-file'");
  if (policyFile !== undefined) return { document: readPolicyFile(policyFile) };
  return { denyDeleteDays: denyDeleteDays ?? 0 };
}

function lockLines(status: LockStatus): string[] {
  const { vault, state, createdAt, expiresAt, leftMs, lockId, consequences } = status;
  switch (state) {
    case 'none':
      return [`Vault ${vault} has no lock.`];
    case 'testing':
      return [
        `A lock of vault ${vault} is being tested until ${formatWhen(expiresAt ?? 0)}, for another ${formatDuration(leftMs ?? 0)}.`,
        ...consequences,
        lockId === null
          ? 'Its id is not known here: it was started elsewhere, or the answer was lost.'
          : `Its id is ${shown(lockId)}; it is kept in this profile and shown nowhere else again.`,
        'Go on with "permafrost vault lock complete", or take it back with "permafrost vault lock abort".',
      ];
    case 'locked':
      return [`Vault ${vault} is locked since ${formatWhen(createdAt ?? 0)}.`, ...consequences];
  }
}

function policyOf({ policy }: LockStatus): string[] {
  return policy === null ? [] : policyLines(policy);
}
