/**
 * Second copies that a check has found: what they cost, and their deletion. What is offered is held against the catalog
 * again each time: only an archive that no pack relies on, beside a pack that is stored, is an extra.
 */
import type { ExtrasPreview } from '../../../shared/checkTypes.ts';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import { lastCheck, listFindings, type Finding } from '../catalog/checks.ts';
import { findInventoryArchive } from '../catalog/inventoryArchives.ts';
import { newestInventory } from '../catalog/inventories.ts';
import { getPacks, type PackRow } from '../catalog/packs.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { estimate } from '../cost/estimate.ts';
import { EngineError } from '../failure.ts';
import { pricesOf } from '../restore/quote.ts';
import { deleteFolderArchive, hashFolderArchive, listFolderArchives } from '../target/folderArchives.ts';
import { clearingRoutes } from './clearings.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { namedTarget } from './namedTarget.ts';
import { placeIn } from './vaultArchives.ts';

/** Deleted with one errand. */
const MOST_AT_ONCE = 1000;
const DELETIONS_A_SECOND = 5;

export function checkExtras(
  context: EngineContext,
  errands: ErrandRuns,
): Pick<Routes, 'check:extras' | 'check:deleteExtras'> {
  const clearings = clearingRoutes(context, errands);
  const meant = (target: TargetRow, extras: readonly KnownExtra[]) => ({
    at: { target: target.name },
    which: { archives: extras.map(({ archiveId }): string => archiveId) } as Which,
    alsoOurs: true,
  });
  return {
    'check:extras': async ({ target: name }): Promise<ExtrasPreview> => {
      const target = await namedTarget(context.catalog, name);
      const extras = await extrasOf(context, target);
      const bytes = extras.reduce((sum, { size }) => sum + size, 0);
      const isPaid = extras.length > 0 && target.settings.kind !== 'folder';
      const deletion = isPaid ? await clearings['clearings:preview'](meant(target, extras)) : null;
      const keep = { kind: 'keep', archives: extras.length, bytes } as const;
      return {
        target: name,
        extras: extras.map(({ archiveId, size, createdAt }) => ({
          archive: archiveId,
          size,
          createdAt: createdAt ?? 0,
        })),
        bytes,
        keeping: estimate(keep, isPaid ? pricesOf(target) : null),
        deleting: deletion?.estimate ?? estimate(keep, null),
        freeAt: deletion?.freeAt ?? null,
      };
    },
    'check:deleteExtras': async ({ target: name }) => {
      const target = await namedTarget(context.catalog, name);
      const extras = await extrasOf(context, target);
      if (extras.length === 0) throw noExtras(name);
      const { settings } = target;
      if (settings.kind === 'folder') {
        for (const extra of extras) await deleteCopy(settings.path, extra);
        return null;
      }
      const more = { close: false, rate: DELETIONS_A_SECOND, accept: true } as const;
      return clearings['clearings:start']({ ...meant(target, extras), ...more });
    },
  };
}

type Which = ParsedInput<'clearings:start'>['which'];

type KnownExtra = Finding & { readonly of: PackRow };

async function extrasOf(context: EngineContext, target: TargetRow): Promise<readonly KnownExtra[]> {
  const { catalog } = context;
  const check = await lastCheck(catalog, target.id, true);
  if (check === undefined) throw notChecked(target.name);
  const found = await listFindings(catalog, check.id, ['extra'], MOST_AT_ONCE);
  const packs = await getPacks(
    catalog,
    found.map(({ pack }) => pack),
  );
  const isThere = await presence(context, target);
  const extras: KnownExtra[] = [];
  for (const finding of found) {
    const of = packs.get(finding.pack);
    if (of?.state !== 'stored' || of.archiveId === finding.archiveId) continue;
    if (await isThere(finding.archiveId)) extras.push({ ...finding, of });
  }
  return extras;
}

/** Tells archives that are there, as far as is known, from those that were deleted since the check. */
async function presence(
  context: EngineContext,
  { name, settings }: TargetRow,
): Promise<(archive: string) => Promise<boolean>> {
  if (settings.kind === 'folder') {
    const listed = await listFolderArchives(settings.path);
    const ids = new Set<string>(listed.map(({ archiveId }) => archiveId));
    return (archive) => Promise.resolve(ids.has(archive));
  }
  const inventory = await newestInventory(context.catalog, await placeIn(context, { at: { target: name } }));
  if (inventory === undefined) return () => Promise.resolve(false);
  return async (archive) =>
    (await findInventoryArchive(context.catalog, inventory.id, archive))?.gone === false;
}

/** Both are read once more: a folder lets anybody write. */
async function deleteCopy(dir: string, { archiveId, of }: KnownExtra): Promise<void> {
  if (of.archiveId === null) throw new RangeError('a stored pack without an archive');
  for (const archive of [of.archiveId, archiveId]) {
    if ((await hashFolderArchive(dir, archive))?.equals(of.treeHash) !== true) throw changed(dir);
  }
  await deleteFolderArchive(dir, archiveId);
}

function notChecked(target: string): EngineError {
  return new EngineError(
    'not-found',
    `${target} has not been checked yet.`,
    `Check it first: permafrost check ${target}.`,
  );
}

function noExtras(target: string): EngineError {
  return new EngineError(
    'not-found',
    `The last check of ${target} found no second copies that are still there.`,
    'There is nothing to delete.',
  );
}

function changed(dir: string): EngineError {
  return new EngineError(
    'changed',
    `A second copy in ${dir} is not what it was when it was checked.`,
    'Check the target again.',
    { safe: 'It was not deleted.' },
  );
}
