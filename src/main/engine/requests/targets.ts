import { randomBytes } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { Routes } from '../../../shared/contract.ts';
import type { TargetSummary } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { plansOfTarget } from '../catalog/plans.ts';
import {
  addTarget,
  findTarget,
  listTargets,
  removeTarget,
  targetTotals,
  type TargetRow,
  type TargetSettings,
} from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import { packBytesFor, placeOf } from '../target/openTarget.ts';
import type { EngineContext } from './context.ts';
import { namedTarget } from './namedTarget.ts';
import { assertApart, samePath } from './places.ts';
import { refuseClosing } from './vaultUse.ts';

/** Somebody waits for the answer. */
const PATIENCE_MS = 5000;

type TargetRoutes = Pick<Routes, 'targets:list' | 'targets:show' | 'targets:add' | 'targets:remove'>;

export function targetRoutes(context: EngineContext): TargetRoutes {
  const { catalog, events } = context;
  return {
    'targets:list': async () => {
      const summaries: TargetSummary[] = [];
      for (const row of await listTargets(catalog)) summaries.push(await summary(catalog, row));
      return summaries;
    },
    'targets:show': async ({ name }) => summary(catalog, await namedTarget(catalog, name)),
    'targets:add': async ({ name, settings }) => {
      if ((await findTarget(catalog, name)) !== undefined) {
        throw new EngineError('conflict', `There already is a target named ${name}.`, 'Choose another name.');
      }
      await refuseSamePlace(catalog, settings);
      const uid = randomBytes(16).toString('hex');
      await refuseClosing(catalog, { uid, settings });
      const packBytes = await reach(context, uid, settings);
      await catalog.transaction(async (tx) => {
        await refuseClosing(tx, { uid, settings });
        await addTarget(tx, { name, settings, packBytes, uid, createdAt: Date.now() });
      });
      events.emit('lists:changed', {});
      return summary(catalog, await namedTarget(catalog, name));
    },
    'targets:remove': async ({ name }) => {
      const row = await namedTarget(catalog, name);
      await catalog.transaction((tx) => removeTarget(tx, row.id));
      events.emit('lists:changed', {});
      return null;
    },
  };
}

/** Two targets in one place would each store what the other has. */
export async function refuseSamePlace(catalog: Catalog, settings: TargetSettings): Promise<void> {
  const same = (await listTargets(catalog)).find((row) => isSamePlace(row.settings, settings));
  if (same === undefined) return;
  throw new EngineError(
    'conflict',
    `The target ${same.name} is there already: ${placeOf(settings)}.`,
    `Use ${same.name}; several plans may share a target.`,
  );
}

/** Whether two settings mean one place. */
export function isSamePlace(a: TargetSettings, b: TargetSettings): boolean {
  if (a.kind === 'folder' && b.kind === 'folder') return samePath(a.path, b.path);
  if (a.kind !== 'vault' || b.kind !== 'vault') return false;
  const keys = ['vault', 'region', 'endpoint', 'awsProfile', 'awsKeys'] as const;
  return keys.every((key) => a[key] === b[key]);
}

/** Proves that the target answers, after making it where that was asked. Resolves to its pack size. */
export async function reach(context: EngineContext, uid: string, settings: TargetSettings): Promise<number> {
  if (settings.kind === 'folder') checkFolder(settings.path, context.profile.root);
  const target = await context.targets.open({ uid, settings }, { patienceMs: PATIENCE_MS });
  try {
    if (settings.kind === 'practice' || settings.create) await target.create();
    await target.probe();
    return packBytesFor(settings, target.traits);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found' && settings.kind !== 'practice') {
      throw new EngineError(error.kind, error.message, `${error.advice} To begin there: add --create.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    target.close();
  }
}

function checkFolder(path: string, profile: string): void {
  if (!isAbsolute(path)) {
    throw new EngineError(
      'invalid',
      `${path} is not a full path.`,
      'Give the path from the top of the disk.',
    );
  }
  assertApart(path, profile, 'The folder for archives');
}

async function summary(catalog: Catalog, row: TargetRow): Promise<TargetSummary> {
  const { archives, storedBytes } = await targetTotals(catalog, row.id);
  return {
    name: row.name,
    kind: row.kind,
    place: placeOf(row.settings),
    packBytes: row.packBytes,
    archives,
    storedBytes,
    plans: await plansOfTarget(catalog, row.id),
    createdAt: row.createdAt,
  };
}
