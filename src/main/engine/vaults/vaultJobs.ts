/**
 * Jobs at vaults, each asked for once. Every start is billed (or takes hours), so before one goes out it is a row, and
 * carries an id that the job's description repeats: a start whose answer was lost is found again in the service's list.
 * Whoever asks for the same thing while a job is under way, or its output can still be read, is given that job.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { VaultJobKey } from '../catalog/ids.ts';
import { getVaultJob, planVaultJob, updateVaultJob, type VaultJobRow } from '../catalog/vaultJobs.ts';
import { EngineError, toFailure } from '../failure.ts';
import { pollWaitMs } from '../restore/pollTimes.ts';
import type { VaultJob, VaultService } from '../target/service.ts';
import type { JobId } from '../target/target.ts';
import { Turns } from './turns.ts';

export interface JobWish {
  readonly service: VaultService;
  /** Names the service in the catalog. */
  readonly serviceKey: string;
  readonly vault: string;
  /** What is asked for, spelled so that the same is always the same text. */
  readonly asked: string;
  /** Starts a job with this description. */
  readonly start: (description: string) => Promise<JobId>;
  /** Rejects `changed` or `corrupt` rather than start once more what may have been begun, and paid for, before. */
  readonly onlyOnce?: boolean;
  /** Called before the job is started, with the row that tells from then on what became of it. */
  readonly onPlanned?: (id: VaultJobKey) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A start that ended so may have had its effect: it is looked for when the same is asked again. */
const unsettled = new Set(['offline', 'throttled', 'cancelled']);

/** For so long after its start a job is in the service's list for certain: its output lives a day from when it is ready. */
const LISTED_MS = 24 * 3_600_000;

export class VaultJobs {
  readonly #catalog: Catalog;
  /** One at a time for the same key, or two would both look, find nothing, and start. */
  readonly #turns = new Turns();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The job for what is asked, started if there is none. May be called again after it rejected or was killed. */
  ask(wish: JobWish): Promise<VaultJobRow> {
    return this.inTurn(`${wish.serviceKey}|${wish.vault}|${wish.asked}`, () => this.#ask(wish));
  }

  /** Runs `act` when nobody else runs one under the same key. */
  inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, act);
  }

  async #ask(wish: JobWish): Promise<VaultJobRow> {
    for (;;) {
      wish.signal.throwIfAborted();
      const description = `v1.${randomBytes(16).toString('hex')}`;
      const { serviceKey: service, vault, asked } = wish;
      const row = await this.#catalog.transaction((tx) =>
        planVaultJob(tx, { service, vault, asked, description, createdAt: wish.service.now() }),
      );
      if (row.state === 'planned') return this.#begin(wish, row, row.description !== description);
      if (row.jobId === null) throw new RangeError('a vault job that was requested has no id');
      const job = await describe(wish.service, vault, row.jobId, wish.signal);
      if (job !== undefined && job.state !== 'failed') return row;
      await this.#change(row.id, { state: job === undefined ? 'over' : 'failed' });
      if (wish.onlyOnce === true) throw job === undefined ? forgotten() : gaveUp(job.reason);
    }
  }

  async #begin(wish: JobWish, row: VaultJobRow, mayHaveBegun: boolean): Promise<VaultJobRow> {
    const found = mayHaveBegun ? await this.#find(wish, row.description) : undefined;
    if (mayHaveBegun && found === undefined && wish.onlyOnce === true && ageOf(row, wish.service) > LISTED_MS)
      throw unanswered();
    await wish.onPlanned?.(row.id);
    try {
      const jobId = found ?? (await wish.start(row.description));
      await this.#change(row.id, { state: 'requested', jobId });
      return { ...row, state: 'requested', jobId };
    } catch (error) {
      const { kind, message } = toFailure(error);
      if (!unsettled.has(kind)) await this.#change(row.id, { state: 'failed', error: message });
      throw error;
    }
  }

  async #find({ service, vault, signal }: JobWish, description: string): Promise<JobId | undefined> {
    for await (const job of service.listJobs(vault, {}, signal)) {
      if (job.description === description) return job.jobId;
    }
    return undefined;
  }

  /**
   * Waits until the job can be read. Rejects `changed` when the service has forgotten it, `corrupt` when it gave up.
   * `onWaiting` is called once, after a look that found it not ready: from then on nobody is needed for hours.
   */
  async ready(
    wish: Pick<JobWish, 'service' | 'vault' | 'signal'> & {
      readonly pollCapMs: number;
      readonly onWaiting?: () => Promise<void>;
    },
    id: VaultJobKey,
  ): Promise<VaultJob> {
    const row = await getVaultJob(this.#catalog, id);
    const jobId = row?.jobId ?? null;
    if (row === undefined || jobId === null)
      throw new RangeError('a vault job that was not requested cannot be waited for');
    for (let looks = 0; ; looks++) {
      const job = await describe(wish.service, wish.vault, jobId, wish.signal);
      if (job === undefined) {
        await this.expired(id);
        throw forgotten();
      }
      if (job.state === 'ready') {
        if (row.state !== 'ready') await this.#change(id, { state: 'ready' });
        return job;
      }
      if (job.state === 'failed') {
        await this.#change(id, { state: 'failed', ...(job.reason !== null && { error: job.reason }) });
        throw gaveUp(job.reason);
      }
      if (looks === 0) await wish.onWaiting?.();
      await sleep(pollWaitMs(looks, wish.pollCapMs), undefined, { signal: wish.signal });
    }
  }

  /** Its output cannot be read any more: the next who asks for the same starts anew. */
  expired(id: VaultJobKey): Promise<void> {
    return this.#change(id, { state: 'over' });
  }

  #change(id: VaultJobKey, change: Parameters<typeof updateVaultJob>[2]): Promise<void> {
    return this.#catalog.transaction((tx) => updateVaultJob(tx, id, change));
  }
}

/** By whichever clock says more: the service's, and ours in case the service's was not known yet when it was planned. */
function ageOf({ createdAt }: VaultJobRow, service: VaultService): number {
  return Math.max(service.now(), Date.now()) - createdAt;
}

/** Undefined when the service knows it no more. */
async function describe(
  service: VaultService,
  vault: string,
  jobId: JobId,
  signal: AbortSignal,
): Promise<VaultJob | undefined> {
  try {
    return await service.describeJob(vault, jobId, signal);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

function forgotten(): EngineError {
  return new EngineError(
    'changed',
    'What the service had got ready expired before it was read; it keeps it for about a day.',
    'Carry it on to ask for it again. A retrieval is paid again then.',
    { safe: 'The archive itself is not affected.' },
  );
}

function unanswered(): EngineError {
  return new EngineError(
    'changed',
    'It was asked for more than a day ago, the answer was lost, and the service lists it no more: it may have been paid for.',
    'Carry it on to ask for it again. A retrieval is paid again then.',
    { safe: 'The archive itself is not affected.' },
  );
}

export function gaveUp(reason: string | null): EngineError {
  return new EngineError(
    'corrupt',
    `The service could not get it ready: ${(reason ?? 'it gave no reason').replace(/\.$/, '')}.`,
    'Ask for it again later; an archive that was deleted meanwhile cannot be had any more.',
  );
}
