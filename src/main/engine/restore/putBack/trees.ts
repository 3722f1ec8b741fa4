/** Both sides of putting an order back: the restore folder, and the source folders as they are now. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { OrderRow } from '../../catalog/orders.ts';
import { prepareKey } from '../../crypto.ts';
import { EngineError, errorCode } from '../../failure.ts';
import type { KeyRing } from '../../keys/keyRing.ts';
import { ownNameRules } from '../names.ts';
import type { OrderPlan } from '../orderPlan.ts';
import { placesBelow } from '../placesBelow.ts';
import { type FolderHandle, holdTop, ownHold } from '../writing/folderHandle.ts';
import { type Names, OpenFolders } from '../writing/openFolders.ts';
import { writeFailure } from '../writing/writeFailure.ts';
import { SourceTrees } from './sourceTrees.ts';
import type { LookedAt } from './standing.ts';
import { Survey } from './survey.ts';

export interface PutBackJob {
  /** It has ended. */
  readonly order: OrderRow;
  /** Of its plan. */
  readonly sources: readonly Buffer[];
  readonly plan: OrderPlan;
  readonly catalog: Catalog;
  readonly keys: KeyRing;
  readonly signal: AbortSignal;
}

export interface Trees {
  readonly restored: LookedAt & { readonly top: FolderHandle };
  /** Whether a folder of the order is in the restore folder, by number. */
  readonly isRestored: (folder: number) => boolean;
  readonly sources: SourceTrees;
  readonly survey: Survey;
  /** Names of a folder of the order, from the name of its source down: the same on both sides. */
  readonly placeOf: (folder: number) => Names;
  close(): void;
}

/** @throws EngineError `not-found` when the restore folder is not there */
export function openTrees({ order, sources: paths, plan, catalog, keys }: PutBackJob): Trees {
  const hold = ownHold();
  const rules = ownNameRules();
  const top = holdRestored(order.destination);
  const folders = new OpenFolders(top, hold, rules, true);
  const restored = { top, folders, rules, own: true };
  const placeOf = placesBelow(paths, plan.folders);
  const sources = new SourceTrees(paths, hold);
  const idKeys = keys.all().map(({ id }) => prepareKey(id));
  const survey = new Survey({ catalog, plan, idKeys, placeOf, sources, restored });
  const there = foundFolders(plan, folders, placeOf);
  return {
    restored,
    isRestored: (folder) => there[folder] === 1,
    sources,
    survey,
    placeOf,
    close() {
      sources.close();
      folders.close();
      top.close();
    },
  };
}

function holdRestored(destination: string): FolderHandle {
  const path = Buffer.from(destination);
  try {
    return holdTop(path, ownHold());
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw writeFailure(error, path);
    throw new EngineError(
      'not-found',
      `The folder ${destination}, to which this order restored, is not there.`,
      'Connect the disk it lies on, or order the restore again.',
      { cause: error },
    );
  }
}

/** Finds those that got a number too. A parent's number is below its children's. */
function foundFolders(plan: OrderPlan, folders: OpenFolders, placeOf: (folder: number) => Names): Uint8Array {
  const there = new Uint8Array(plan.folders.count + 1);
  there[0] = 1;
  for (let folder = 1; folder <= plan.folders.count; folder++) {
    if (there[plan.folders.parentOf(folder)] === 1 && folders.find(placeOf(folder))) there[folder] = 1;
  }
  return there;
}
