/**
 * Locking a vault. The service tells the id that completes a lock once, in the answer to its start, so that answer is
 * the one thing here that must not be lost: a row without an id says that a start is under way, and the id is kept as
 * soon as it is known. A start whose answer got lost is told from the state of the vault, taken back and made again.
 */
import type { LockStatus } from '../../../shared/vaultTypes.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { findLock, forgetLock, keepLock } from '../catalog/vaultLocks.ts';
import { EngineError } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import { isSamePolicy, lockConsequences } from './policyDraft.ts';

/** A vault of a service, and the service's name in the catalog. */
export interface LockPlace {
  readonly catalog: Catalog;
  readonly service: VaultService;
  readonly key: string;
  readonly vault: string;
}

const TEST_MS = 24 * 3_600_000;
const MOST_STARTS = 3;
/** In the place of an id that is not known yet. */
const NOT_YET = '';

export async function lockStatus({ catalog, service, key, vault }: LockPlace): Promise<LockStatus> {
  const lock = await service.lock(vault);
  if (lock === null) return { vault, state: 'none', ...nothing };
  const { state, policy, createdAt, expiresAt } = lock;
  const kept = state === 'testing' ? await findLock(catalog, key, vault) : undefined;
  return {
    vault,
    state,
    policy,
    createdAt,
    expiresAt,
    leftMs: expiresAt === null ? null : Math.max(0, expiresAt - service.now()),
    lockId: kept === undefined || kept.lockId === NOT_YET ? null : kept.lockId,
    consequences: lockConsequences(policy, state),
  };
}

const nothing = {
  policy: null,
  createdAt: null,
  expiresAt: null,
  leftMs: null,
  lockId: null,
  consequences: [],
} as const;

/** @throws EngineError `conflict` when the vault has a lock already, and what the service says against the policy */
export async function startLock(place: LockPlace, policy: string): Promise<LockStatus> {
  const { catalog, service, key, vault } = place;
  const before = await service.lock(vault);
  if (before !== null) throw before.state === 'locked' ? isLocked(vault) : isTested(vault);
  const keep = (lockId: string) => {
    const startedAt = service.now();
    return catalog.transaction((tx) =>
      keepLock(tx, key, vault, { lockId, startedAt, expiresAt: startedAt + TEST_MS }),
    );
  };
  await keep(NOT_YET);
  try {
    await keep(await startOnce(service, vault, policy));
  } catch (error) {
    // Refused: nothing has begun. After anything else the row stays, and the vault's state tells.
    if (error instanceof EngineError && error.kind !== 'offline' && error.kind !== 'throttled')
      await catalog.transaction((tx) => forgetLock(tx, key, vault, NOT_YET));
    throw error;
  }
  return lockStatus(place);
}

/** Starts the lock until its id has arrived; one that began without telling its id is aborted first. */
async function startOnce(service: VaultService, vault: string, policy: string): Promise<string> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await service.startLock(vault, policy);
    } catch (error) {
      const isLost = error instanceof EngineError && error.kind === 'offline';
      if (!isLost || starts === MOST_STARTS) throw error;
      const begun = await service.lock(vault);
      if (begun === null) continue;
      if (begun.state !== 'testing' || !isSamePolicy(begun.policy, policy)) throw error;
      await service.abortLock(vault);
    }
  }
}

/**
 * Locks the vault for good; no error when it is locked already.
 * @throws EngineError `conflict` when no lock is tested, `invalid` when its id is neither given nor known here
 */
export async function completeLock(place: LockPlace, given: string | undefined): Promise<LockStatus> {
  const { catalog, service, key, vault } = place;
  const { state, lockId } = await lockStatus(place);
  if (state === 'none') throw notTested(vault);
  if (state === 'testing') {
    const id = given ?? lockId;
    if (id === null) throw unknownId(vault);
    await service.completeLock(vault, id);
  }
  await catalog.transaction((tx) => forgetLock(tx, key, vault));
  return lockStatus(place);
}

/** Ends the test; no error when there is none. @throws EngineError `conflict` when the vault is locked for good */
export async function abortLock(place: LockPlace): Promise<LockStatus> {
  const { catalog, service, key, vault } = place;
  if ((await service.lock(vault))?.state === 'locked') throw isLocked(vault);
  await service.abortLock(vault);
  await catalog.transaction((tx) => forgetLock(tx, key, vault));
  return lockStatus(place);
}

function isLocked(vault: string): EngineError {
  return new EngineError(
    'conflict',
    `The vault ${vault} is locked for good; its lock cannot be changed, taken back or replaced.`,
    'Use another vault where other rules are wanted.',
  );
}

function isTested(vault: string): EngineError {
  return new EngineError(
    'conflict',
    `A lock of the vault ${vault} is being tested already.`,
    'Complete it or abort it first.',
  );
}

function notTested(vault: string): EngineError {
  return new EngineError(
    'conflict',
    `No lock of the vault ${vault} is being tested; the test may have run out after its 24 hours.`,
    'Start the lock again.',
  );
}

function unknownId(vault: string): EngineError {
  return new EngineError(
    'invalid',
    `The id of the lock of the vault ${vault} is not known here.`,
    'Give the id that was shown when it was started, or abort the lock and start it again.',
  );
}
