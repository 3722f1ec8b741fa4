/**
 * Which of the manifests found at a target count, and in which order their snapshots are put together. Pure.
 *
 * docs/format.md §5: a run that was killed just before its commit leaves a manifest that does not count; the next to commit
 * has the same epoch, and when it went on with that run the same snapshot. Each plan (by its uid) has one writer, whose
 * epochs are the order of its snapshots. A manifest of differences needs its parent.
 */

/** The part of a manifest's head that decides. */
export interface ManifestFacts {
  /** Of its pack, 32 hex digits. */
  readonly pack: string;
  readonly snapshot: string;
  readonly base: boolean;
  readonly parent: string | null;
  readonly writer: string;
  readonly epoch: number;
  /** Of its archive, 64 hex digits. */
  readonly treeHash: string;
  /** Tree hash of the manifest of the epoch before; null for the first. */
  readonly previous: string | null;
  readonly endedAt: number;
}

export interface OrderedManifests<T extends ManifestFacts> {
  /** In this order; parents come first, and each writer's by epoch. */
  readonly apply: readonly T[];
  /** Of runs that were killed before their commit. */
  readonly superseded: readonly T[];
  /** They build on a snapshot whose manifest is not there. */
  readonly orphaned: readonly T[];
}

/** @param known snapshots (uids) that are committed already; their manifests are neither applied nor orphaned */
export function orderManifests<T extends ManifestFacts>(
  manifests: readonly T[],
  known: ReadonlySet<string>,
): OrderedManifests<T> {
  const queues = [...grouped(manifests, ({ writer }) => writer).values()].map(countingOf);
  const counting = latestOfSnapshots(queues.flat());
  const superseded = manifests.filter((manifest) => !counting.has(manifest));
  const there = new Set(known);
  const apply: T[] = [];
  const orphaned: T[] = [];
  for (const manifest of merged(queues.map((queue) => queue.filter((one) => counting.has(one))))) {
    if (known.has(manifest.snapshot)) continue;
    if (!manifest.base && (manifest.parent === null || !there.has(manifest.parent))) {
      orphaned.push(manifest);
      continue;
    }
    there.add(manifest.snapshot);
    apply.push(manifest);
  }
  return { apply, superseded, orphaned };
}

/** One manifest for each epoch of a writer, ascending: that which the next epoch's names, else the latest. */
function countingOf<T extends ManifestFacts>(manifests: readonly T[]): readonly T[] {
  const byEpoch = [...grouped(manifests, ({ epoch }) => epoch)].sort(([a], [b]) => b - a);
  const chosen: T[] = [];
  for (const [epoch, candidates] of byEpoch) {
    const next = chosen.at(-1);
    const named =
      next?.epoch === epoch + 1 ? candidates.find(({ treeHash }) => treeHash === next.previous) : undefined;
    const one = named ?? latest(candidates);
    if (one !== undefined) chosen.push(one);
  }
  return chosen.reverse();
}

/** A run that was killed before its commit and went on later told its snapshot twice, in two epochs. */
function latestOfSnapshots<T extends ManifestFacts>(manifests: readonly T[]): ReadonlySet<T> {
  const counting = new Set<T>();
  for (const told of grouped(manifests, ({ snapshot }) => snapshot).values()) {
    const one = latest(told);
    if (one !== undefined) counting.add(one);
  }
  return counting;
}

/** Of a tie the one whose pack id is higher, so that it is always the same. */
function latest<T extends ManifestFacts>(manifests: readonly T[]): T | undefined {
  return [...manifests].sort((a, b) => b.endedAt - a.endedAt || (a.pack > b.pack ? -1 : 1))[0];
}

function grouped<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Each writer's in its own order, and among writers by time: a clock that went back turns no writer's order around. */
function merged<T extends ManifestFacts>(queues: readonly (readonly T[])[]): readonly T[] {
  const at = queues.map(() => 0);
  const all: T[] = [];
  for (;;) {
    let first: { readonly queue: number; readonly manifest: T } | undefined;
    for (const [queue, list] of queues.entries()) {
      const manifest = list[at[queue] ?? 0];
      if (manifest === undefined) continue;
      if (first === undefined || manifest.endedAt < first.manifest.endedAt) first = { queue, manifest };
    }
    if (first === undefined) return all;
    all.push(first.manifest);
    at[first.queue] = (at[first.queue] ?? 0) + 1;
  }
}
