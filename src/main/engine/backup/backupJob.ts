import type { Catalog } from '../catalog/catalog.ts';
import type { RunId, SnapshotId } from '../catalog/ids.ts';
import type { PlanRow } from '../catalog/plans.ts';
import type { TargetRow } from '../catalog/targets.ts';
import type { KeySet } from '../keys/masterKey.ts';
import type { KeySlots } from '../keys/slotFile.ts';
import type { ProfileFolders } from '../profile.ts';
import type { Target } from '../target/target.ts';
import type { RunMeter } from './runMeter.ts';

/** All that the steps of one run work with. */
export interface BackupJob {
  readonly run: RunId;
  readonly snapshot: SnapshotId;
  readonly plan: PlanRow;
  readonly targetRow: TargetRow;
  readonly target: Target;
  readonly catalog: Catalog;
  /** Of the newest epoch, to seal with. */
  readonly keys: KeySet;
  /** Of every epoch. */
  readonly allKeys: readonly KeySet[];
  readonly slots: KeySlots;
  /** Id of this installation, 16 bytes. */
  readonly writer: Buffer;
  readonly profile: ProfileFolders;
  readonly meter: RunMeter;
  readonly signal: AbortSignal;
  /** Something that the run goes on without, to be told. */
  readonly onNotice: (error: unknown) => void;
  /** Asked before each pack is sent: rejects with what keeps the run from spending more. */
  readonly assertMayGoOn: () => Promise<void>;
  /** Go on where a source that held something is empty now. */
  readonly acceptEmptySource: boolean;
}
