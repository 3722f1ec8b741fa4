import picomatch from 'picomatch';
import type { Routes } from '../../../shared/contract.ts';
import type { FoundLine } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { findEntries } from '../catalog/find.ts';
import type { PlanId, SnapshotId, TargetId } from '../catalog/ids.ts';
import { listPlans } from '../catalog/plans.ts';
import { listSnapshots } from '../catalog/snapshots.ts';
import { listTargets } from '../catalog/targets.ts';
import { listFolder } from '../catalog/tree.ts';
import { EngineError } from '../failure.ts';
import { baseName, splitPath } from '../snapshotPath.ts';
import { choosePath, chooseSnapshot } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { entryLine } from './entryLine.ts';
import { namedPlan } from './plans.ts';
import { snapshotSummary } from './snapshotSummary.ts';

type BrowseRoutes = Pick<Routes, 'snapshots:list' | 'entries:list' | 'entries:find'>;

/** Everything that is answered from the catalog alone, without a look at any target. */
export function browseRoutes({ catalog }: EngineContext): BrowseRoutes {
  return {
    'snapshots:list': async ({ plan }) => {
      const only = plan === undefined ? null : (await namedPlan(catalog, plan)).id;
      const owners = await planOwners(catalog);
      return (await listSnapshots(catalog, only)).map((snapshot) => {
        const { plan: name, target } = ownerOf(owners, snapshot.plan);
        return snapshotSummary(snapshot, name, target);
      });
    },
    'entries:list': async ({ snapshot, plan, at, after, limit }) => {
      const chosen = await chooseSnapshot(catalog, snapshot, plan);
      const { names, resolved } = await choosePath(catalog, chosen, at);
      const { entry, folder } = resolved;
      if (entry !== null && entry.kind !== 'folder') {
        return { entries: [entryLine(entry, names.slice(0, -1))], more: false };
      }
      if (folder === null) return { entries: [], more: false };
      const last = after === undefined ? Buffer.alloc(0) : lastName(after, chosen.plan.sources);
      const listing = await listFolder(catalog, folder, chosen.snapshot.id, last, limit);
      return { entries: listing.entries.map((found) => entryLine(found, names)), more: listing.more };
    },
    'entries:find': async ({ pattern, plan, limit }) => {
      const only = plan === undefined ? null : (await namedPlan(catalog, plan)).id;
      const matches = matcher(pattern);
      const search = { plan: only, snapshot: null, limit, matches: (name: string) => matches(ownName(name)) };
      const { found, more } = await findEntries(catalog, search);
      const owners = await planOwners(catalog);
      const uids = new Map((await listSnapshots(catalog, only)).map(({ id, uid }) => [id, uid]));
      const entries = found.map((version): FoundLine => ({
        ...entryLine(version.entry, version.names.slice(0, -1)),
        plan: ownerOf(owners, version.plan).plan,
        firstSnapshot: uidOf(uids, version.first),
        lastSnapshot: uidOf(uids, version.last),
      }));
      return { entries, more };
    },
  };
}

/** A glob where there is something of a glob in it, else a part of a name; capitals do not count. */
export function matcher(pattern: string): (name: string) => boolean {
  if (/[*?[{]/.test(pattern)) {
    const isMatch = picomatch(pattern, { nocase: true, dot: true });
    return (name) => isMatch(name);
  }
  const part = pattern.toLowerCase();
  return (name) => name.toLowerCase().includes(part);
}

/** A source's name is its full path; people look for its last name. */
function ownName(name: string): string {
  return name.includes('/') ? baseName(Buffer.from(name)).toString() : name;
}

function lastName(ref: string, sources: readonly Buffer[]): Buffer {
  const names = splitPath(Buffer.from(ref, 'base64'), sources);
  const last = names?.at(-1);
  if (last !== undefined) return last;
  throw new EngineError(
    'invalid',
    'That page does not belong to this snapshot.',
    'Start again from its first page.',
  );
}

interface Owner {
  readonly plan: string;
  readonly target: string;
}

async function planOwners(catalog: Catalog): Promise<ReadonlyMap<PlanId, Owner>> {
  const targets = new Map<TargetId, string>((await listTargets(catalog)).map(({ id, name }) => [id, name]));
  const plans = await listPlans(catalog);
  return new Map(plans.map((plan) => [plan.id, { plan: plan.name, target: targets.get(plan.target) ?? '' }]));
}

function ownerOf(owners: ReadonlyMap<PlanId, Owner>, plan: PlanId): Owner {
  return owners.get(plan) ?? { plan: '', target: '' };
}

function uidOf(uids: ReadonlyMap<SnapshotId, string>, id: SnapshotId): string {
  return uids.get(id) ?? '';
}
