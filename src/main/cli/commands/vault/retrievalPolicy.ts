import type { Command } from 'commander';
import type { RetrievalPolicy } from '../../../../shared/vaultTypes.ts';
import { formatBytes } from '../../format.ts';
import { positiveNumber } from '../../options.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { placeOf, withPlace, type PlaceOptions } from './place.ts';

interface SetOptions extends PlaceOptions {
  readonly gbPerHour?: number;
}

const kinds = ['none', 'free-tier', 'rate'] as const;

export function addRetrievalPolicy(vault: Command, output: Output): void {
  const policy = vault
    .command('retrieval-policy')
    .helpCommand(false)
    .description('What the account lets standard retrievals take, in a region.');

  withPlace(policy.command('show', { isDefault: true }))
    .description('The policy as it is set.')
    .action(async (options: PlaceOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('retrievalPolicy:show', place);
        await output.result(set, () => [policyText(set)]);
      });
    });

  withPlace(policy.command('set'))
    .description('Sets the policy. It takes effect within minutes, for jobs that begin then.')
    .argument('<kind>', 'None, free-tier, or rate with --gb-per-hour.')
    .option('--gb-per-hour <GB>', 'The rate; a GB is 1,000,000,000 bytes.', positiveNumber)
    .action(async (kind: string, options: SetOptions, command: Command) => {
      const wanted = policyOf(kind, options.gbPerHour, (message) => command.error(`error: ${message}`));
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('retrievalPolicy:set', { ...place, policy: wanted });
        await output.result(set, () => [policyText(set)]);
      });
    });
}

/** `usage` ends the command. */
function policyOf(
  text: string,
  gbPerHour: number | undefined,
  usage: (message: string) => never,
): RetrievalPolicy {
  const kind =
    kinds.find((known) => known === text) ?? usage(`a policy is ${kinds.join(', ')}, not '${text}'`);
  if (kind === 'rate') {
    const bytes = Math.round((gbPerHour ?? usage("a rate needs '--gb-per-hour'")) * 1e9);
    return { kind, bytesPerHour: Math.max(1, bytes) };
  }
  if (gbPerHour !== undefined) return usage(`'--gb-per-hour' is not for ${kind}`);
  return { kind };
}

function policyText(policy: RetrievalPolicy): string {
  switch (policy.kind) {
    case 'none':
      return 'Retrievals are not limited.';
    case 'free-tier':
      return 'Standard retrievals beyond the free allowance are refused.';
    case 'rate':
      return `Standard retrievals are refused beyond ${formatBytes(policy.bytesPerHour)} an hour.`;
  }
}
