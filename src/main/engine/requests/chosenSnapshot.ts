import type { Catalog } from '../catalog/catalog.ts';
import { getPlan, type PlanRow } from '../catalog/plans.ts';
import type { Reader } from '../catalog/db.ts';
import type { SnapshotId } from '../catalog/ids.ts';
import { resolvePath, type Resolved, sourcesAt } from '../catalog/tree.ts';
import { findSnapshots, listSnapshots, type SnapshotRow } from '../catalog/snapshots.ts';
import { EngineError } from '../failure.ts';
import { guessPaths, splitPath } from '../snapshotPath.ts';
import { namedPlan } from './plans.ts';

export interface ChosenSnapshot {
  readonly snapshot: SnapshotRow;
  readonly plan: PlanRow;
}

/** `text` is a path as a person writes it, `ref` the exact bytes in base64. */
export type Where = { readonly text: string } | { readonly ref: string };

/**
 * The snapshot a person means: an id, the beginning of one, or `latest` (the newest, of `plan` if given).
 * @throws EngineError `not-found`, or `invalid` when a beginning fits several
 */
export async function chooseSnapshot(catalog: Catalog, name: string, plan?: string): Promise<ChosenSnapshot> {
  const only = plan === undefined ? null : await namedPlan(catalog, plan);
  const found = name === 'latest' ? await newest(catalog, only) : await byId(catalog, name, only);
  const owner = only ?? (await getPlan(catalog, found.plan));
  if (owner === undefined) throw new RangeError('a snapshot without a plan');
  return { snapshot: found, plan: await planAt(catalog, owner, found.id) };
}

/** The plan with the source folders it had then: in today's order, then those that have left it. */
export async function planAt(db: Reader, plan: PlanRow, snapshot: SnapshotId): Promise<PlanRow> {
  const then = await sourcesAt(db, plan.id, snapshot);
  const still = plan.sources.filter((source) => then.some((path) => path.equals(source)));
  const left = then.filter((path) => !still.some((source) => source.equals(path)));
  return { ...plan, sources: [...still, ...left] };
}

async function newest(catalog: Catalog, plan: PlanRow | null): Promise<SnapshotRow> {
  const latest = (await listSnapshots(catalog, plan?.id ?? null)).at(-1);
  if (latest !== undefined) return latest;
  const whose = plan === null ? '' : ` of ${plan.name}`;
  throw new EngineError('not-found', `There is no snapshot${whose} yet.`, 'Make one: permafrost backup.');
}

async function byId(catalog: Catalog, prefix: string, plan: PlanRow | null): Promise<SnapshotRow> {
  const fitting = (await findSnapshots(catalog, prefix)).filter((s) => plan === null || s.plan === plan.id);
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  if (found === undefined) {
    throw new EngineError(
      'not-found',
      `There is no snapshot ${prefix}${plan === null ? '' : ` of ${plan.name}`}.`,
      'See those there are: permafrost snapshots.',
    );
  }
  throw new EngineError(
    'invalid',
    `Several snapshots begin with ${prefix}.`,
    'Give more digits of the one you mean.',
  );
}

export interface ChosenPath {
  /** From the source's full path down; empty: the top. */
  readonly names: readonly Buffer[];
  readonly resolved: Resolved;
}

/**
 * What a path means in a snapshot; undefined means its top.
 * @throws EngineError `not-found`, or `invalid` when it fits several sources
 */
export async function choosePath(
  catalog: Catalog,
  chosen: ChosenSnapshot,
  where: Where | undefined,
): Promise<ChosenPath> {
  const { plan, snapshot } = chosen;
  if (where === undefined) {
    const top = await resolvePath(catalog, plan.id, snapshot.id, []);
    if (top === undefined) throw new RangeError('a committed snapshot without a top');
    return { names: [], resolved: top };
  }
  const found: ChosenPath[] = [];
  for (const names of candidates(where, plan.sources)) {
    const resolved = await resolvePath(catalog, plan.id, snapshot.id, names);
    if (resolved !== undefined && !found.some((other) => isSame(other.names, names)))
      found.push({ names, resolved });
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const shown = 'text' in where ? where.text : Buffer.from(where.ref, 'base64').toString();
  if (only === undefined) {
    throw new EngineError(
      'not-found',
      `${shown} is not in snapshot ${snapshot.uid.slice(0, 8)}.`,
      'See what is: permafrost ls, or look in all snapshots: permafrost find.',
    );
  }
  throw new EngineError('invalid', `${shown} is in several source folders.`, 'Give its full path.');
}

function candidates(where: Where, sources: readonly Buffer[]): readonly (readonly Buffer[])[] {
  if ('text' in where) return guessPaths(where.text, sources);
  const names = splitPath(Buffer.from(where.ref, 'base64'), sources);
  return names === null ? [] : [names];
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((name, i) => b[i]?.equals(name) === true);
}
