import type { Catalog } from '../catalog/catalog.ts';
import type { RecoveryRow } from '../catalog/recoveries.ts';
import type { TargetRow } from '../catalog/targets.ts';
import type { KeyRing } from '../keys/keyRing.ts';
import type { Target } from '../target/target.ts';
import type { Holdings } from '../vaults/holdings.ts';
import type { ArchiveStore } from './archiveStore.ts';

/** What has to be waited for together counts as one wait. */
export type WaitStage = 'listing' | 'keys' | 'records' | 'gaps';

/** All that the steps of one recovery work with. */
export interface RecoverJob {
  readonly recovery: RecoveryRow;
  readonly targetRow: TargetRow;
  readonly target: Target;
  readonly holdings: Holdings;
  readonly catalog: Catalog;
  readonly keys: KeyRing;
  readonly store: ArchiveStore;
  /** The installation that this profile was before its catalog got lost, 32 hex digits; its plans are taken over. */
  readonly formerWriter: string | null;
  readonly signal: AbortSignal;
  /** The keys are open. @throws EngineError `corrupt` when they are not this profile's */
  readonly onOpened: () => Promise<void>;
  /** Nothing can be done until the service has got something ready, or it can again. */
  readonly onWaiting: (isWaiting: boolean) => Promise<void>;
  /** Something was written down: to be told. */
  readonly onChange: () => Promise<void>;
}
