/** Making this profile anew from what a target holds. */
import { randomBytes } from 'node:crypto';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import {
  addRecovery,
  getRecovery,
  lastRecovery,
  openRecoveries,
  updateRecovery,
  type RecoveryRow,
} from '../catalog/recoveries.ts';
import { addTarget, findTarget, type TargetRow } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError } from '../failure.ts';
import { readKit, type ReadKit } from '../keys/kit.ts';
import type { ArchiveId } from '../target/target.ts';
import type { EngineContext } from './context.ts';
import { setKitProven, tellProfile } from './profileStatus.ts';
import type { RecoveryRuns } from './recoveryRuns.ts';
import { isSamePlace, reach, refuseSamePlace } from './targets.ts';

type RecoverRoutes = Pick<Routes, 'recover:start' | 'recover:show' | 'recover:resume' | 'recover:cancel'>;

const emptyKit: ReadKit = { code: null, slots: null, copies: [] };
const free = { lines: [], usd: 0, priceDate: '', region: '' } as const;

export function recoverRoutes(context: EngineContext, runs: RecoveryRuns): RecoverRoutes {
  const { catalog } = context;
  return {
    'recover:start': async (asked) => {
      const [open] = await openRecoveries(catalog);
      if (open !== undefined) throw underWay();
      const row = await begin(context, asked);
      runs.start(row);
      return runs.summary(row);
    },
    'recover:show': async () => {
      const row = await lastRecovery(catalog);
      return row === undefined ? null : runs.summary(row);
    },
    'recover:resume': async ({ tier, maxUsd }) => {
      const row = await openOne();
      const wanted = {
        ...row.wanted,
        ...(tier !== undefined && { tier }),
        ...(maxUsd !== undefined && { maxUsd }),
      };
      await catalog.transaction((tx) => updateRecovery(tx, row.id, { wanted }));
      runs.start(row);
      return runs.summary((await getRecovery(catalog, row.id)) ?? row);
    },
    'recover:cancel': async () => {
      const row = await openOne();
      await runs.cancel(row);
      return runs.summary((await getRecovery(catalog, row.id)) ?? row);
    },
  };

  async function openOne(): Promise<RecoveryRow> {
    const [row] = await openRecoveries(catalog);
    if (row !== undefined) return row;
    throw new EngineError(
      'not-found',
      'No recovery is under way.',
      'Begin one: permafrost recover, with where the archives are.',
    );
  }
}

async function begin(context: EngineContext, asked: ParsedInput<'recover:start'>): Promise<RecoveryRow> {
  const { catalog, keys } = context;
  const kit = asked.kit === undefined ? emptyKit : readKit(asked.kit);
  if (asked.kit !== undefined && kit.code === null && kit.slots === null) throw noKit();
  const target = await targetFor(context, asked);
  if (kit.slots !== null && keys.state === 'new') {
    keys.adopt([kit.slots]);
    await tellProfile(context);
  }
  if (kit.code !== null) {
    keys.offer(kit.code);
    await setKitProven(context, true);
  }
  // Only the vault itself can tell which of them are its own; it refuses the others at no price.
  const copies = target.settings.kind === 'vault' && keys.state !== 'new' ? kit.copies : [];
  const recovery = {
    uid: randomBytes(16).toString('hex'),
    target: target.id,
    wanted: { tier: asked.tier, maxUsd: asked.maxUsd, copies: copies as readonly ArchiveId[] },
    createdAt: Date.now(),
  };
  const id = await catalog.transaction((tx) => addRecovery(tx, recovery, free));
  crashpoint('rebuild-noted');
  const row = await getRecovery(catalog, id);
  if (row === undefined) throw new RangeError('a recovery that was just noted is gone');
  context.events.emit('lists:changed', {});
  return row;
}

/** Of an earlier try the target is there already. */
async function targetFor(
  context: EngineContext,
  { name, settings }: ParsedInput<'recover:start'>,
): Promise<TargetRow> {
  const { catalog } = context;
  const before = await findTarget(catalog, name);
  if (before !== undefined && isSamePlace(before.settings, settings)) return before;
  if (before !== undefined) {
    throw new EngineError(
      'conflict',
      `There already is another target named ${name}.`,
      'Choose another name.',
    );
  }
  if (settings.kind === 'practice') {
    throw new EngineError(
      'unsupported',
      'A practice vault lives in its own profile and cannot be recovered from another one.',
      'Try it with a folder, or with permafrost simulator.',
    );
  }
  await refuseSamePlace(catalog, settings);
  const uid = randomBytes(16).toString('hex');
  const packBytes = await reach(context, uid, { ...settings, create: false });
  await catalog.transaction((tx) =>
    addTarget(tx, { name, settings: { ...settings, create: false }, packBytes, uid, createdAt: Date.now() }),
  );
  const added = await findTarget(catalog, name);
  if (added === undefined) throw new RangeError('a target that was just added is gone');
  return added;
}

function underWay(): EngineError {
  return new EngineError(
    'conflict',
    'A recovery of this profile is under way.',
    'Carry it on: permafrost recover. Or give it up: permafrost recover --cancel.',
  );
}

function noKit(): EngineError {
  return new EngineError(
    'invalid',
    'There is no recovery code and no key slot in what was given as the kit.',
    'Give the saved text of the kit, or type its recovery code when you are asked for the passphrase.',
    { safe: 'Nothing was changed.' },
  );
}
