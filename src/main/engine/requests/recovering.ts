import type { Reader } from '../catalog/catalog.ts';
import type { TargetId } from '../catalog/ids.ts';
import { openRecoveries } from '../catalog/recoveries.ts';
import { getTarget } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';

/** A backup to a target of which not everything is known yet would store it all again. @throws EngineError `conflict` */
export async function refuseWhileRecovering(db: Reader, target: TargetId): Promise<void> {
  const [open] = await openRecoveries(db, target);
  if (open === undefined) return;
  throw new EngineError(
    'conflict',
    `What ${(await getTarget(db, target))?.name ?? 'the target'} holds is still being recovered.`,
    'Let that finish (permafrost recover), or give it up (permafrost recover --cancel); then back up.',
    { safe: 'Nothing at the target was touched.' },
  );
}
