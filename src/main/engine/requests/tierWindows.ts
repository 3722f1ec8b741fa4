import type { Tier } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { TargetId } from '../catalog/ids.ts';
import { hoursTaken } from '../catalog/retrievals.ts';
import type { Hours } from '../restore/frontier.ts';
import { narrowed, tierHours } from '../restore/windows.ts';

/** How long each tier takes at a target: as published, narrowed by what it took there. */
export async function windowsOf(catalog: Catalog, target: TargetId): Promise<Readonly<Record<Tier, Hours>>> {
  const taken = await hoursTaken(catalog, target);
  return {
    expedited: narrowed(tierHours.expedited, taken.expedited),
    standard: narrowed(tierHours.standard, taken.standard),
    bulk: narrowed(tierHours.bulk, taken.bulk),
  };
}
