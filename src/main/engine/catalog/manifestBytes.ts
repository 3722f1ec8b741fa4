import { int } from './columns.ts';
import type { Reader } from './db.ts';
import type { PlanId } from './ids.ts';
import { IN_CHAIN } from './chain.ts';

/** Bytes of the plan's newest manifest that lists the whole tree, and of all its manifests since. */
export async function manifestBytes(
  db: Reader,
  plan: PlanId,
): Promise<{ readonly base: number; readonly differences: number }> {
  const row = await db.row(
    `select coalesce(sum(p.size) filter (where s.base), 0) base,
            coalesce(sum(p.size) filter (where not s.base), 0) differences
     from snapshots s join packs p on p.id = s.manifest
     where s.plan = ?1 and s.state in ${IN_CHAIN}
       and s.id >= (select max(id) from snapshots where plan = ?1 and state in ${IN_CHAIN} and base)`,
    [plan],
  );
  return { base: int(row ?? {}, 'base'), differences: int(row ?? {}, 'differences') };
}
