/** Vaults themselves, and uploads that were left open in them. */
import type { Routes } from '../../../shared/contract.ts';
import type { ServiceAt } from '../../../shared/names.ts';
import type { VaultSummary } from '../../../shared/vaultTypes.ts';
import { openErrands } from '../catalog/errands.ts';
import { owedUploads } from '../catalog/uploads.ts';
import { forgetLock } from '../catalog/vaultLocks.ts';
import { estimate } from '../cost/estimate.ts';
import { vaultPrices } from '../cost/prices.ts';
import type { VaultInfo } from '../target/service.ts';
import type { Target } from '../target/target.ts';
import { abortOpenUploads, listOpenUploads } from '../vaults/openUploads.ts';
import type { UploadProgress } from '../vaults/uploadErrand.ts';
import type { EngineContext } from './context.ts';
import { serviceKey, targetsAt, vaultOf, withService } from './vaultPlace.ts';
import { refuseInUse } from './vaultUse.ts';

type VaultRoutes = Pick<
  Routes,
  'vaults:list' | 'vaults:show' | 'vaults:create' | 'vaults:delete' | 'openUploads:list' | 'openUploads:abort'
>;

export function vaultRoutes(context: EngineContext): VaultRoutes {
  const { catalog } = context;
  return {
    'vaults:list': ({ at }) =>
      withService(context, at, async (service) => {
        const targets = await targetsAt(context, at);
        const summaries: VaultSummary[] = [];
        for await (const info of service.listVaults()) summaries.push(summary(info, targets));
        return summaries;
      }),
    'vaults:show': ({ at, vault }) => show(context, at, vault),
    'vaults:create': async ({ at, vault }) => {
      await withService(context, at, (service) => service.createVault(vault));
      return show(context, at, vault);
    },
    'vaults:delete': async ({ at, vault }) => {
      await refuseInUse(catalog, at, vault);
      await withService(context, at, async (service) => {
        // Deleting what is not there succeeds at the service, and a mistyped name would pass for done.
        await service.describeVault(vault);
        await service.deleteVault(vault);
      });
      const key = await serviceKey(context, at);
      await catalog.transaction((tx) => forgetLock(tx, key, vault));
      return null;
    },
    'openUploads:list': ({ at, vault: named }) =>
      withVault(context, at, named, async (target, vault, region) => {
        const uploads = await listOpenUploads(target, () => ownUploads(context, at, vault));
        const bytes = uploads.reduce((sum, upload) => sum + upload.bytes, 0);
        return { vault, uploads, estimate: estimate({ kind: 'hold', bytes }, vaultPrices(region)) };
      }),
    'openUploads:abort': ({ at, vault: named, uploads, alsoOurs }) =>
      withVault(context, at, named, async (target, vault) => {
        const ours = () => ownUploads(context, at, vault);
        return abortOpenUploads(target, uploads, ours, alsoOurs);
      }),
  };
}

function show(context: EngineContext, at: ServiceAt, named: string | undefined): Promise<VaultSummary> {
  return withService(context, at, async (service) => {
    const info = await service.describeVault(await vaultOf(context, at, named));
    return summary(info, await targetsAt(context, at));
  });
}

function summary(info: VaultInfo, targets: Awaited<ReturnType<typeof targetsAt>>): VaultSummary {
  const { name, arn, createdAt, inventoryAt, archives, bytes } = info;
  const here = targets.filter(({ vault }) => vault === name).map(({ row }) => row.name);
  return { vault: name, arn, createdAt, inventoryAt, archives, bytes, targets: here };
}

/** Opens the vault as a target around `use`. */
function withVault<T>(
  context: EngineContext,
  at: ServiceAt,
  named: string | undefined,
  use: (target: Target, vault: string, region: string) => Promise<T>,
): Promise<T> {
  return withService(context, at, async (service) => {
    const vault = await vaultOf(context, at, named);
    const target = service.target(vault);
    try {
      return await use(target, vault, service.region);
    } finally {
      target.close();
    }
  });
}

/** Ids of uploads in the vault that this profile will go on with: of packs, and of files on their way. */
async function ownUploads(context: EngineContext, at: ServiceAt, name: string): Promise<Set<string>> {
  const { catalog } = context;
  const ids: (string | null)[] = [];
  for (const { row, vault } of await targetsAt(context, at)) {
    if (vault !== name) continue;
    for (const { uploadId } of await owedUploads(catalog, row.id)) ids.push(uploadId);
  }
  const key = await serviceKey(context, at);
  for (const { service, vault, progress } of await openErrands(catalog, 'upload'))
    if (service === key && vault === name) ids.push((progress as UploadProgress).uploadId);
  return new Set(ids.filter((id) => id !== null));
}
