/** How often hours had to pass: one bit for each stage that had to wait. */
import { getRecovery, updateRecovery } from '../catalog/recoveries.ts';
import type { RecoverJob, WaitStage } from './recoverJob.ts';

const stages: readonly WaitStage[] = ['listing', 'keys', 'records', 'gaps'];

export async function noteWait(
  { catalog, recovery }: Pick<RecoverJob, 'catalog' | 'recovery'>,
  stage: WaitStage,
): Promise<void> {
  const bit = 1 << stages.indexOf(stage);
  await catalog.transaction(async (tx) => {
    const { waits = 0 } = (await getRecovery(tx, recovery.id)) ?? {};
    await updateRecovery(tx, recovery.id, { waits: waits | bit });
  });
}

export function countWaits(waits: number): number {
  return stages.filter((_, i) => (waits & (1 << i)) !== 0).length;
}
