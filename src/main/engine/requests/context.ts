import type { Catalog } from '../catalog/catalog.ts';
import type { EngineEvents } from '../events.ts';
import type { KeyRing } from '../keys/keyRing.ts';
import type { ProfileFolders } from '../profile.ts';
import type { KeptSegments } from '../restore/keptSegments.ts';
import type { TargetOpener } from '../target/openTarget.ts';

/** What the routes work with; built once by engine.ts. */
export interface EngineContext {
  readonly profile: ProfileFolders;
  /** Id of this installation, 16 bytes. */
  readonly writer: Buffer;
  readonly catalog: Catalog;
  readonly keys: KeyRing;
  readonly targets: TargetOpener;
  /** What earlier orders retrieved. */
  readonly kept: KeptSegments;
  readonly events: EngineEvents;
}
