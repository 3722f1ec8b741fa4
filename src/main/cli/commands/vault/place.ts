/** Which vault, or which service, a command of the vault console is about: the options for it, as a request takes them. */
import type { Command } from 'commander';
import type { RequestInput } from '../../../../shared/contract.ts';

export interface PlaceOptions {
  readonly target?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly awsProfile?: string;
  readonly awsKeys?: string;
}

export interface VaultOptions extends PlaceOptions {
  readonly vault?: string;
}

type At = RequestInput<'vaults:list'>['at'];

/** Adds the options that name an account's vaults in a region. */
export function withPlace(command: Command): Command {
  return command
    .option('--target <target>', 'The vault or practice target that is meant, or its account and region.')
    .option('--region <region>', 'Without a target: the region, like eu-central-1.')
    .option('--endpoint <url>', 'With a region: another address than it has.')
    .option('--aws-profile <profile>', 'With a region: which of the AWS profiles on this computer to use.')
    .option('--aws-keys <name>', 'With a region: AWS keys in the keychain, see "permafrost aws-keys".');
}

/** The same, and which vault. */
export function withVault(command: Command): Command {
  return withPlace(command).option('--vault <vault>', 'Which vault; with a target, by default its own.');
}

/** Ends the command with a usage error where they name nothing, or two things. */
export function placeOf(options: PlaceOptions, command: Command): { readonly at: At } {
  const { target, ...elsewhere } = options;
  const { region, endpoint, awsProfile, awsKeys } = elsewhere;
  const usage = (message: string): never => command.error(`error: ${message}`);
  if (target !== undefined) {
    if ([region, endpoint, awsProfile, awsKeys].some((option) => option !== undefined))
      return usage("'--target' says where it is; leave out '--region', '--endpoint' and '--aws-…'");
    return { at: { target } };
  }
  return {
    at: {
      region: region ?? usage("say where: '--target', or '--region'"),
      ...(endpoint !== undefined && { endpoint }),
      ...(awsProfile !== undefined && { awsProfile }),
      ...(awsKeys !== undefined && { awsKeys }),
    },
  };
}

export function vaultIn(
  options: VaultOptions,
  command: Command,
): { readonly at: At; readonly vault?: string } {
  const { vault, target } = options;
  const place = placeOf(options, command);
  if (vault === undefined && target === undefined)
    return command.error("error: a region may have many vaults: name one with '--vault'");
  return { ...place, ...(vault !== undefined && { vault }) };
}
