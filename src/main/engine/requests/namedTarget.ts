import type { Reader } from '../catalog/db.ts';
import { findTarget, type TargetRow } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';

/** @throws EngineError `not-found` */
export async function namedTarget(catalog: Reader, name: string): Promise<TargetRow> {
  const row = await findTarget(catalog, name);
  if (row !== undefined) return row;
  throw new EngineError(
    'not-found',
    `There is no target named ${name}.`,
    'See those there are: permafrost target list.',
  );
}
