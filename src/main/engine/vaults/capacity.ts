/**
 * Buying provisioned capacity. A purchase makes a new unit each time and cannot be given back, so before it is asked for
 * it is written down together with the units there were. While that stands, the answer is unknown: a unit that has come
 * since is the one that was bought, and for a minute none may simply not be listed yet.
 */
import type { CapacityUnit } from '../../../shared/vaultTypes.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import { EngineError, toFailure } from '../failure.ts';
import type { VaultService } from '../target/service.ts';

interface Purchase {
  /** By the service's clock. */
  readonly at: number;
  /** Ids of the units there were. */
  readonly before: readonly string[];
}

const SETTLES_MS = 60_000;

/** A purchase that ended so may have had its effect. */
const unsettled = new Set(['offline', 'throttled', 'cancelled']);

/**
 * Buys one unit; resolves to all there are then. Not to be called twice at once.
 * @param key names the service in the catalog
 * @throws EngineError `conflict`, with nothing bought, when an earlier purchase turns out to be through or may be
 */
export async function buyCapacity(
  catalog: Catalog,
  service: VaultService,
  key: string,
): Promise<readonly CapacityUnit[]> {
  const setting = `capacity.purchase|${key}`;
  const write = (purchase: Purchase | undefined): Promise<void> =>
    catalog.transaction((tx) => writeSetting(tx, setting, purchase));
  const units = await service.listCapacity();
  const earlier = (await readSetting(catalog, setting)) as Purchase | undefined;
  if (earlier !== undefined) {
    const came = units.find(({ id }) => !earlier.before.includes(id));
    if (came !== undefined) {
      await write(undefined);
      throw wasBought(came);
    }
    if (Math.abs(service.now() - earlier.at) < SETTLES_MS) throw mayBeBought();
  }
  await write({ at: service.now(), before: units.map(({ id }) => id) });
  try {
    await service.buyCapacity();
  } catch (error) {
    if (!unsettled.has(toFailure(error).kind)) await write(undefined);
    throw error;
  }
  await write(undefined);
  return service.listCapacity();
}

function wasBought({ id }: CapacityUnit): EngineError {
  return new EngineError(
    'conflict',
    `The purchase before this one, whose answer was lost, has brought the unit ${id}.`,
    'Look at the units there are; buy again if you want one more.',
    { safe: 'Nothing was bought now.' },
  );
}

function mayBeBought(): EngineError {
  return new EngineError(
    'conflict',
    'A unit was asked for a moment ago, and the answer was lost: it may have been bought.',
    'Wait a minute and look at the units there are; then buy again if none has come.',
    { safe: 'Nothing was bought now.' },
  );
}
