import type { RecoverySummary } from '../../../shared/recoveryTypes.ts';
import { foundTotals } from '../catalog/rebuilding.ts';
import { recoveryArchives, type RecoveryRole, type RecoveryRow } from '../catalog/recoveries.ts';
import { getTarget } from '../catalog/targets.ts';
import { countWaits } from '../recover/waits.ts';
import { tierHours } from '../restore/windows.ts';
import type { EngineContext } from './context.ts';

const rolesOf: Readonly<Record<RecoveryRow['step'], readonly RecoveryRole[]>> = {
  listing: ['copy'],
  keys: ['slots'],
  locked: [],
  records: ['copy', 'manifest'],
  gaps: ['head', 'tail'],
  over: [],
};

export async function recoverySummary(
  { catalog }: Pick<EngineContext, 'catalog'>,
  row: RecoveryRow,
  waiting: boolean,
): Promise<RecoverySummary> {
  const target = await getTarget(catalog, row.target);
  const archives = (await recoveryArchives(catalog, row.id)).filter(({ role }) =>
    rolesOf[row.step].includes(role),
  );
  const { snapshots } = await foundTotals(catalog, row.target);
  const { tier, maxUsd } = row.wanted;
  return {
    id: row.uid,
    target: target?.name ?? '',
    tier,
    maxUsd,
    step: row.step,
    waiting,
    listing: row.listing,
    toFetch: archives.length,
    fetched: archives.filter(({ state }) => state === 'fetched' || state === 'read').length,
    browsable: snapshots > 0,
    waits: countWaits(row.waits),
    estimate: row.estimate,
    hours: target?.settings.kind === 'folder' ? { from: 0, to: 0 } : tierHours[tier],
    result: row.result,
    createdAt: row.createdAt,
    endedAt: row.endedAt,
    outcome: row.outcome,
    failure: row.failure,
  };
}
