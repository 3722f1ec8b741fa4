import type { Command } from 'commander';
import type { RequestInput } from '../../../../shared/contract.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';
import { policyLines, readPolicyFile } from './policyText.ts';

interface SetOptions extends VaultOptions {
  readonly policyFile?: string;
  readonly denyDelete?: true;
  readonly allowRead?: string;
}

export function addPolicy(vault: Command, output: Output): void {
  const policy = vault
    .command('policy')
    .helpCommand(false)
    .description('The access policy of a vault: who may do what, changeable at any time.');

  withVault(policy.command('show', { isDefault: true }))
    .description('The policy as it is set.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('accessPolicy:show', place);
        await output.result(set, () => (set === null ? ['No access policy is set.'] : policyLines(set)));
      });
    });

  withVault(policy.command('set'))
    .description('Sets the policy, in place of the one before: one of the three below.')
    .option('--policy-file <file>', 'A policy document, JSON.')
    .option('--deny-delete', 'Nobody may delete archives, until the policy is deleted.')
    .option('--allow-read <account>', 'This account (12 digits) may list and read, at the cost of yours.')
    .action(async (options: SetOptions, command: Command) => {
      const wanted = policyOf(options, command);
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('accessPolicy:set', { ...place, policy: wanted });
        await output.result(set, () => ['The access policy is set:', ...policyLines(set)]);
      });
    });

  withVault(policy.command('delete'))
    .description('Takes the policy away.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('accessPolicy:delete', place);
        await output.result(nothing, () => ['No access policy is set any more.']);
      });
    });
}

function policyOf(
  { policyFile, denyDelete, allowRead }: SetOptions,
  command: Command,
): RequestInput<'accessPolicy:set'>['policy'] {
  const given = [policyFile, denyDelete, allowRead].filter((option) => option !== undefined);
  if (given.length !== 1)
    return command.error("error: give one of '--policy-file', '--deny-delete' and '--allow-read'");
  if (policyFile !== undefined) return { document: readPolicyFile(policyFile) };
  return allowRead === undefined ? { denyDelete: true } : { allowRead };
}
