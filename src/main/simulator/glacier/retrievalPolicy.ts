/**
 * GetDataRetrievalPolicy and SetDataRetrievalPolicy, and what the policy does to new jobs.
 *
 * It limits Standard retrievals only, over all vaults of the account. The service does not say how it turns jobs
 * into rates; here a job runs at its bytes over the four hours a Standard retrieval takes, and the free allowance
 * of 10 GiB a month is divided by the days of the month.
 */
import { z } from 'zod';
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { badValue, missing, ServiceError } from './errors.ts';
import type { Call, Glacier } from './glacier.ts';
import type { ArchiveJob, RetrievalRule } from './records.ts';
import { readJson } from './requestBody.ts';

const STANDARD_HOURS = 4;
const FREE_BYTES_A_MONTH = 10 * 1024 ** 3;
const DAY_MS = 24 * 60 * 60 * 1000;
/** 2^63; the limit is one less, which a JSON number cannot hold exactly. */
const MOST_BYTES_PER_HOUR = 2 ** 63;

const request = z.object({
  Policy: z
    .object({
      Rules: z
        .array(z.object({ Strategy: z.string().nullish(), BytesPerHour: z.number().nullish() }))
        .nullish(),
    })
    .nullish(),
});

export function getDataRetrievalPolicy({ glacier }: Call): Reply {
  const rule = glacier.store.state.account.retrievalRule;
  const BytesPerHour = rule.strategy === 'BytesPerHour' ? rule.bytesPerHour : null;
  return jsonReply(200, { Policy: { Rules: [{ BytesPerHour, Strategy: rule.strategy }] } });
}

/** Jobs under way go on whatever the new policy says. */
export async function setDataRetrievalPolicy({ body, glacier }: Call): Promise<Reply> {
  const { clock, store } = glacier;
  const { Policy } = readJson(body, request, 'a data retrieval policy');
  if (!Policy) throw missing('Policy');
  const { Rules: rules } = Policy;
  if (!rules) throw missing('Rules');
  const [rule] = rules;
  if (rule === undefined || rules.length > 1) throw badValue('A data retrieval policy has exactly one rule.');
  const retrievalRule = checkedRule(rule);
  await store.commit(clock.serviceNow(), [
    { put: 'account', account: { ...store.state.account, retrievalRule } },
  ]);
  return emptyReply(204);
}

function checkedRule({
  Strategy: strategy,
  BytesPerHour: bytesPerHour,
}: {
  readonly Strategy?: string | null | undefined;
  readonly BytesPerHour?: number | null | undefined;
}): RetrievalRule {
  switch (strategy) {
    case null:
    case undefined:
      throw missing('Strategy');
    case 'None':
    case 'FreeTier':
      if (bytesPerHour !== null && bytesPerHour !== undefined)
        throw badValue(`BytesPerHour does not go with the strategy ${strategy}.`);
      return { strategy };
    case 'BytesPerHour':
      if (bytesPerHour === null || bytesPerHour === undefined) throw missing('BytesPerHour');
      if (!Number.isInteger(bytesPerHour) || bytesPerHour < 1 || bytesPerHour > MOST_BYTES_PER_HOUR)
        throw badValue(`Invalid BytesPerHour: ${bytesPerHour}`);
      return { strategy, bytesPerHour };
    default:
      throw badValue(`Invalid strategy: ${strategy}`);
  }
}

/** @throws ServiceError 400 if the account's policy does not let `job` begin */
export function enforceRetrievalPolicy(glacier: Glacier, job: ArchiveJob): void {
  if (job.tier !== 'Standard') return;
  if (bytesOf(job) <= bytesLeft(glacier, job.createdAt)) return;
  throw new ServiceError(
    400,
    'PolicyEnforcedException',
    'InitiateJob request denied by current data retrieval policy.',
  );
}

/** How many more bytes Standard retrievals that begin at `now` may ask for. */
function bytesLeft(glacier: Glacier, now: number): number {
  const rule = glacier.store.state.account.retrievalRule;
  switch (rule.strategy) {
    case 'None':
      return Infinity;
    case 'FreeTier': {
      // Jobs are remembered for longer than a day, so those of this (UTC) day are all there.
      const midnight = now - (now % DAY_MS);
      return freeBytesOn(now) - standardBytes(glacier, ({ createdAt }) => createdAt >= midnight);
    }
    case 'BytesPerHour': {
      const underWay = standardBytes(glacier, ({ completesAt }) => now < completesAt);
      return rule.bytesPerHour * STANDARD_HOURS - underWay;
    }
  }
}

/** The part of the free allowance that falls to one day. */
function freeBytesOn(ms: number): number {
  const date = new Date(ms);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return FREE_BYTES_A_MONTH / days;
}

function standardBytes(glacier: Glacier, counts: (job: ArchiveJob) => boolean): number {
  let bytes = 0;
  for (const vault of glacier.store.state.vaults.values()) {
    for (const job of vault.jobs.values())
      if (job.kind === 'archive' && job.tier === 'Standard' && counts(job)) bytes += bytesOf(job);
  }
  return bytes;
}

function bytesOf({ first, last }: ArchiveJob): number {
  return last - first + 1;
}
