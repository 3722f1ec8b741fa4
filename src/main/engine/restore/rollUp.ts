/** How far an order is, folder by folder: what is said of archives, rolled up to what people know. Pure. */
import type { FileStep } from '../../../shared/types.ts';
import type { PackKey } from '../catalog/ids.ts';
import type { OrderProgress } from '../catalog/orderProgress.ts';
import type { RetrievalState } from '../catalog/retrievals.ts';
import { isMarked } from './localFiles.ts';
import type { OrderPlan } from './orderPlan.ts';

export interface FolderSteps {
  /** From the source's full path down; none: the top, above the sources. */
  readonly names: readonly Buffer[];
  /** Names of files in the folder and below it. */
  readonly files: number;
  readonly bytes: number;
  readonly steps: Readonly<Record<FileStep, number>>;
}

const stepOf: Readonly<Record<RetrievalState, FileStep>> = {
  planned: 'ordered',
  requested: 'thawing',
  ready: 'ready',
  fetched: 'downloaded',
  expired: 'expired',
  failed: 'failed',
};

/** From what holds a file back most. */
const holdingBack: readonly FileStep[] = ['failed', 'expired', 'ordered', 'thawing', 'ready', 'downloaded'];

/**
 * @param retrievals of the order; what has none is read at once
 * @param below the folder that is looked at
 * @returns that folder with all that is in it, then each folder directly in it, in the order of the plan; nothing when
 *   the order has no such folder
 */
export function rollUp(
  plan: OrderPlan,
  retrievals: readonly { readonly pack: PackKey; readonly state: RetrievalState }[],
  progress: Pick<OrderProgress, 'files' | 'setbacks'> | undefined,
  below: readonly Buffer[],
): readonly FolderSteps[] {
  const steps = stepsOfFiles(plan, retrievals, progress);
  const shown = new Map<string, Counts>();
  const homes = Array.from({ length: plan.folders.count + 1 }, (_, folder) => {
    const names = plan.folders.namesOf(folder);
    if (!below.every((name, i) => names[i]?.equals(name) === true)) return [];
    // A parent's number is below its children's: the folder itself is first.
    const itself = countsFor(shown, below);
    if (names.length === below.length) return [itself];
    return [itself, countsFor(shown, names.slice(0, below.length + 1))];
  });
  const count = (file: number, folder: number): void => {
    for (const home of homes[folder] ?? []) {
      home.files++;
      home.bytes += plan.files.sizeOf(file);
      home.steps[steps[file] ?? 'ready']++;
    }
  };
  for (let file = 0; file < plan.files.count; file++) count(file, plan.files.at(file).folder);
  for (const { file, folder } of plan.hardLinks) count(file, folder);
  return [...shown.values()];
}

interface Counts extends FolderSteps {
  files: number;
  bytes: number;
  readonly steps: Record<FileStep, number>;
}

function countsFor(shown: Map<string, Counts>, names: readonly Buffer[]): Counts {
  const key = names.map((name) => name.toString('hex')).join('/');
  let counts = shown.get(key);
  if (counts === undefined) {
    const steps = { ordered: 0, thawing: 0, ready: 0, downloaded: 0, done: 0, expired: 0, failed: 0 };
    shown.set(key, (counts = { names, files: 0, bytes: 0, steps }));
  }
  return counts;
}

/** Where a file needs several packs, the one that holds it back most counts. */
function stepsOfFiles(
  plan: OrderPlan,
  retrievals: readonly { readonly pack: PackKey; readonly state: RetrievalState }[],
  progress: Pick<OrderProgress, 'files' | 'setbacks'> | undefined,
): readonly FileStep[] {
  const steps = Array.from({ length: plan.files.count }, (): FileStep => 'ready');
  const byPack = Map.groupBy(retrievals, ({ pack }) => pack);
  const least = (states: readonly FileStep[]): FileStep =>
    holdingBack.find((step) => states.includes(step)) ?? 'ready';
  const seen = new Set<number>();
  for (const { pack, placements } of plan.packs) {
    const step = least((byPack.get(pack.id) ?? []).map(({ state }) => stepOf[state]));
    placements.eachFile((file) => {
      steps[file] = seen.has(file) ? least([steps[file] ?? step, step]) : step;
      seen.add(file);
    });
  }
  for (let file = 0; progress !== undefined && file < steps.length; file++) {
    if (isMarked(progress.files, file)) steps[file] = 'done';
  }
  for (const { file } of progress?.setbacks.failed ?? []) steps[file] = 'failed';
  return steps;
}
