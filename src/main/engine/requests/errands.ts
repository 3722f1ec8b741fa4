import type { Routes } from '../../../shared/contract.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { findErrands, listErrands, type ErrandRow } from '../catalog/errands.ts';
import { EngineError } from '../failure.ts';
import type { EngineContext } from './context.ts';
import { errandSummary, isPaidAgain, type ErrandRuns } from './errandRuns.ts';

type ErrandRoutes = Pick<Routes, 'errands:list' | 'errands:show' | 'errands:resume' | 'errands:cancel'>;

export function errandRoutes({ catalog }: EngineContext, errands: ErrandRuns): ErrandRoutes {
  return {
    'errands:list': async ({ kind }) => (await listErrands(catalog, kind)).map(errandSummary),
    'errands:show': async ({ id }) => errandSummary(await namedErrand(catalog, id)),
    'errands:resume': async ({ kind, id, accept }) => {
      if (id === undefined) return (await errands.resume(false, kind)).map(errandSummary);
      const row = await namedErrand(catalog, id);
      if (isPaidAgain(row) && accept !== true) throw priceNotAccepted(row);
      await errands.carryOn(row, isPaidAgain(row));
      return [errandSummary(await namedErrand(catalog, row.uid))];
    },
    'errands:cancel': async ({ id }) => {
      const row = await namedErrand(catalog, id);
      if (row.endedAt !== null) {
        throw new EngineError('conflict', 'This has ended already.', 'There is nothing left to cancel.');
      }
      await errands.cancel(row);
      return errandSummary(await namedErrand(catalog, row.uid));
    },
  };
}

function priceNotAccepted({ failure }: ErrandRow): EngineError {
  return new EngineError(
    'conflict',
    `To carry this download on, the archive has to be retrieved and paid again. ${failure?.message ?? ''}`.trim(),
    'Look at its price, then carry it on by its id and accept that.',
    { safe: 'Nothing was asked of the service.' },
  );
}

/** @throws EngineError `not-found`, or `invalid` when a beginning fits several */
async function namedErrand(catalog: Catalog, id: string): Promise<ErrandRow> {
  const [found, another] = await findErrands(catalog, id);
  if (found !== undefined && another === undefined) return found;
  if (found === undefined) {
    throw new EngineError('not-found', `Nothing with the id ${id} was asked for here.`, 'Check the id.');
  }
  throw new EngineError('invalid', `Several ids begin with ${id}.`, 'Give more digits of the one you mean.');
}
