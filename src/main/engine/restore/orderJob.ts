import type { Catalog } from '../catalog/catalog.ts';
import type { OrderRow } from '../catalog/orders.ts';
import type { PlanRow } from '../catalog/plans.ts';
import type { KeyRing } from '../keys/keyRing.ts';
import type { ProfileFolders } from '../profile.ts';
import type { Target } from '../target/target.ts';
import type { KeptSegments } from './keptSegments.ts';
import type { OrderState } from '../../../shared/types.ts';

/** All that the steps of one order work with. */
export interface OrderJob {
  readonly order: OrderRow;
  /** Something was asked of the target or written for it before: its folder must be there already. */
  readonly hasBegun: boolean;
  readonly plan: PlanRow;
  readonly target: Target;
  readonly catalog: Catalog;
  readonly keys: KeyRing;
  readonly profile: ProfileFolders;
  /** Takes what is retrieved once the order is through with it; null where nothing is gained by that. */
  readonly kept: KeptSegments | null;
  readonly signal: AbortSignal;
  /** The order has moved on: to be written down and told. */
  readonly onState: (state: OrderState) => Promise<void>;
  /** Counts have changed: to be told now and then. */
  readonly onProgress: () => void;
}
