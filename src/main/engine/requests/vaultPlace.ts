/** Where a request of the vault console is to act: the service, the vault in it, and the name of the service in the catalog. */
import type { ServiceAt } from '../../../shared/names.ts';
import type { Reader } from '../catalog/db.ts';
import { listTargets, type TargetRow } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import { PRACTICE_VAULT, type OpenOptions, type ServicePlace } from '../target/openTarget.ts';
import type { VaultService } from '../target/service.ts';
import type { EngineContext } from './context.ts';
import { namedTarget } from './namedTarget.ts';

type Places = Pick<EngineContext, 'targets'> & Known;

/** Where targets are known; inside a transaction that is the transaction. */
interface Known {
  readonly catalog: Reader;
}

/** Somebody waits for the answer. */
const PATIENCE_MS = 5000;

/**
 * Opens the service for one piece of work, which closes it at its end. By default it is patient for as long as
 * somebody who waits is; work in the background gives a longer time.
 */
export async function openService(
  { catalog, targets }: Places,
  at: ServiceAt,
  { patienceMs = PATIENCE_MS }: Pick<OpenOptions, 'patienceMs'> = {},
): Promise<VaultService> {
  return targets.openService((await locate({ catalog }, at)).place, { patienceMs });
}

/** The same around `use`. */
export async function withService<T>(
  context: Places,
  at: ServiceAt,
  use: (service: VaultService) => Promise<T>,
): Promise<T> {
  const service = await openService(context, at);
  try {
    return await use(service);
  } finally {
    service.close();
  }
}

/** The vault that is meant. @throws EngineError `invalid` when none is named and `at` has none of its own */
export async function vaultOf(context: Known, at: ServiceAt, vault: string | undefined): Promise<string> {
  const meant = vault ?? (await locate(context, at)).vault;
  if (meant !== null) return meant;
  throw new EngineError('invalid', 'No vault is named.', 'Name the vault, or a target that is one.');
}

/**
 * What names the service in the catalog: stays the same as long as its vaults do, and differs between two services
 * that may have vaults of the same name.
 */
export async function serviceKey(context: Known, at: ServiceAt): Promise<string> {
  return (await locate(context, at)).key;
}

/** Targets of this profile that are vaults of the service, with the vault each one is. */
export async function targetsAt(
  context: Known,
  at: ServiceAt,
): Promise<readonly { readonly row: TargetRow; readonly vault: string }[]> {
  const { key } = await locate(context, at);
  return (await listTargets(context.catalog)).flatMap((row) => {
    const located = locateTarget(row);
    return located?.key === key && located.vault !== null ? [{ row, vault: located.vault }] : [];
  });
}

interface Located {
  readonly place: ServicePlace;
  readonly key: string;
  /** The target's own vault; null where no target was named. */
  readonly vault: string | null;
}

/** @throws EngineError `not-found` for a target that is not there, `unsupported` for one that has no vaults */
async function locate({ catalog }: Known, at: ServiceAt): Promise<Located> {
  if (!('target' in at)) return { place: at, key: regionKey(at), vault: null };
  const row = await namedTarget(catalog, at.target);
  const located = locateTarget(row);
  if (located === null) throw notVaults(row.name);
  return located;
}

/** Null for a target that is no vault. */
export function locateTarget({ uid, settings }: Pick<TargetRow, 'uid' | 'settings'>): Located | null {
  switch (settings.kind) {
    case 'practice':
      return { place: { uid, speed: settings.speed }, key: `practice|${uid}`, vault: PRACTICE_VAULT };
    case 'vault':
      return { place: settings, key: regionKey(settings), vault: settings.vault };
    default:
      return null;
  }
}

/** Two AWS profiles are taken for two accounts: at worst two keys mean the same one. */
function regionKey({
  region,
  endpoint,
  awsProfile,
  awsKeys,
}: Exclude<ServicePlace, { uid: string }>): string {
  const host = endpoint === undefined ? '' : new URL(endpoint).host;
  return [region, host, awsKeys === undefined ? (awsProfile ?? '') : `keys ${awsKeys}`].join('|');
}

function notVaults(target: string): EngineError {
  return new EngineError(
    'unsupported',
    `The target ${target} has no vaults.`,
    'Name a vault target or a practice target, or a region.',
  );
}
