import type { Catalog } from '../catalog/catalog.ts';
import type { CheckRow } from '../catalog/checks.ts';
import type { TargetRow } from '../catalog/targets.ts';
import type { KeyRing } from '../keys/keyRing.ts';
import type { Target } from '../target/target.ts';
import type { Holdings } from '../vaults/holdings.ts';

/** All that the steps of one check work with. */
export interface CheckJob {
  readonly check: CheckRow;
  readonly targetRow: TargetRow;
  readonly target: Target;
  readonly holdings: Holdings;
  readonly catalog: Catalog;
  readonly keys: KeyRing;
  readonly signal: AbortSignal;
  /** Runs `act` while no backup is under way: a run would rely on packs that `act` finds missing. */
  readonly betweenBackups: <T>(act: () => Promise<T>) => Promise<T>;
  /** Nothing can be done until the service has done something that takes hours, or it can again. */
  readonly onWaiting: (isWaiting: boolean) => Promise<void>;
  /** Something was written down: to be told. */
  readonly onChange: () => Promise<void>;
}
