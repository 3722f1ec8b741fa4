/**
 * Amazon Glacier over HTTP on this computer: the practice vault people try the app on, and the double tests trust.
 *
 * How it is put together, from the outside in:
 *
 * - `server.ts` is the HTTP door. It hands each request to the first service that claims it and sends the answer.
 * - `control.ts` is the service behind /-simulator/: clock, faults and a look inside, for other processes.
 * - `glacier/service.ts` is the vault service: it finds the operation in the table of `glacier/routes.ts`, checks
 *   the signature (`sigv4.ts`), plays faults (`faults.ts`), then runs the operation. A further operation is a line in
 *   that table. `s3/service.ts` and `s3/routes.ts` are the same for buckets; it claims what is signed for S3.
 * - `glacier/vaults.ts`, `archives.ts`, `multipart.ts`, `uploadPart.ts`, `initiateJob.ts`, `jobs.ts` and `jobOutput.ts`
 *   hold the operations; `inventory.ts` says what a vault shows of itself.
 * - `glacier/permission.ts` holds requests against access and lock policies (`glacier/policy/`), `publishing.ts` tells
 *   topics of jobs that have ended, and `snsListener.ts` posts what topics are told to a listener.
 * - `bill/meter.ts` is told of everything that costs money (`bill/events.ts`) and makes out bills.
 * - `glacier/store.ts` keeps records in a journal (`journal.ts`, `glacier/records.ts`) and bytes in plain files
 *   (`glacier/dataFiles.ts`); `receive.ts` hashes a body while it is stored.
 *
 * Two rules explain most of the rest. First, nothing happens by itself: whether a job is done, an upload expired or an
 * inventory taken follows from times in the records and the clock, whenever somebody asks. Second, there are two
 * clocks (`clock.ts`): what the service says of its things goes by a virtual one that can be advanced or run fast,
 * while the Date header and signatures stay with real time, because SDKs adopt the Date header as their own clock
 * and a fast one would spoil their signatures.
 *
 * It shares no code with the rest of the app: a double that did would share its mistakes.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openAccount } from './account.ts';
import type { Bill } from './bill/bill.ts';
import { type BillRange, openMeter } from './bill/meter.ts';
import { openClock } from './clock.ts';
import { type Controls, controlService } from './control.ts';
import {
  type Act,
  type Conditions,
  type Counts,
  type Fault,
  type ModeChange,
  newConditions,
} from './faults.ts';
import { claimFolder, type FolderClaim } from './folder.ts';
import { actOnVaults } from './glacier/acts.ts';
import { type Durations, type Glacier, usualDurations } from './glacier/glacier.ts';
import { openPublisher } from './glacier/publishing.ts';
import type { MessageRecord } from './glacier/records.ts';
import { glacierService, isForVaults } from './glacier/service.ts';
import { meterIdleUploads, meterRecords } from './glacier/meterRecords.ts';
import { openStore } from './glacier/store.ts';
import { jobsUnderWay, vaultSummaries } from './glacier/summary.ts';
import { sweep } from './glacier/sweep.ts';
import type { Durability } from './journal.ts';
import { meterBuckets } from './s3/metering.ts';
import type { S3 } from './s3/s3.ts';
import { s3Service } from './s3/service.ts';
import { openBucketStore } from './s3/store.ts';
import { bucketSummaries } from './s3/summary.ts';
import { startServer } from './server.ts';
import { openListener } from './snsListener.ts';

export interface SimulatorOptions {
  /** Everything is kept here; made if absent. One simulator at a time. */
  readonly dir: string;
  /** Default: any free one. */
  readonly port?: number;
  readonly region?: string;
  /** 12 digits. The account and its keys are made up and kept in `dir` unless given. */
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** Virtual seconds per real second; default: as last time, at first 1. */
  readonly speed?: number;
  /** Virtual hours that differ from the usual ones. */
  readonly durations?: Partial<Durations>;
  /** 'fsync' (default): what was acknowledged survives a power cut. 'none': it survives a kill. */
  readonly durability?: Durability;
  /** Real ms without a byte after which a request body has stalled; default a minute. */
  readonly bodyIdleMs?: number;
  /** Whether 10 GB of Standard retrieval from vaults are free each month; default false. */
  readonly freeRetrieval?: boolean;
  /** Where messages to topics are posted as well: an http URL of a loopback address. */
  readonly notifyUrl?: string;
}

export interface Simulator {
  readonly url: string;
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Service time, epoch ms. */
  now(): number;
  /** Moves service time ahead. @throws RangeError if `ms` is negative */
  advance(ms: number): void;
  /** @throws RangeError if negative */
  setSpeed(speed: number): void;
  counts(): Counts;
  /** Jobs at vaults that have not ended: whoever waits for them waits for service time to pass. */
  jobsUnderWay(): number;
  /** Orders a fault; see faults.ts for what there is. */
  failNext(fault: Fault): void;
  /** Takes back all faults that are pending. */
  clearFaults(): void;
  /** Makes something happen at once; resolves when it has. */
  act(act: Act): Promise<void>;
  /** What all this costs at list prices, or would have. */
  bill(range?: BillRange): Promise<Bill>;
  /** Changes what is given, leaves the rest. */
  setMode(change: ModeChange): void;
  /** What topics were told, oldest first; the newest thousand. */
  messages(): Promise<readonly MessageRecord[]>;
  /** Cuts connections, ends operations under way, writes everything down. */
  close(): Promise<void>;
}

/** Starts a simulator on 127.0.0.1. Rejects if the port or the folder is in use, or the folder's journal is damaged. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  await mkdir(options.dir, { recursive: true });
  const folder = await claimFolder(options.dir);
  const opened: Opened = [() => folder.release()];
  try {
    return await start(options, folder, opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** How to close what has been opened so far. */
type Opened = (() => void | Promise<void>)[];

/** The last opened first: what is opened later works with what was there before it. */
async function closeAll(opened: Opened): Promise<void> {
  for (const close of opened.toReversed()) await close();
}

async function start(options: SimulatorOptions, folder: FolderClaim, opened: Opened): Promise<Simulator> {
  const { dir, region = 'us-east-1' } = options;
  const listener = options.notifyUrl === undefined ? null : openListener(options.notifyUrl);
  const account = openAccount(join(dir, 'account.json'), options);
  const store = await openStore(join(dir, 'glacier'), options.durability ?? 'fsync');
  opened.push(() => store.close());
  const buckets = await openBucketStore(join(dir, 's3'), options.durability ?? 'fsync');
  opened.push(() => buckets.close());
  const latestAt = Math.max(store.latestAt, buckets.latestAt);
  const clock = openClock(join(dir, 'clock.json'), options.speed, latestAt);
  opened.push(() => clock.close());
  const meter = await openMeter(
    join(dir, 'bill.jsonl'),
    () => clock.serviceNow(),
    options.freeRetrieval ?? false,
  );
  opened.push(() => meter.close());
  const conditions = newConditions(
    (skewMs) => clock.setTransportSkew(skewMs),
    () => clock.serviceNow(),
  );
  const s3: S3 = {
    accountId: account.accountId,
    region,
    clock,
    conditions,
    store: buckets,
    meter,
    conditionalWrites: new Set(),
  };
  const durations = { ...usualDurations, ...options.durations };
  const glacier: Glacier = {
    accountId: account.accountId,
    region,
    clock,
    conditions,
    store,
    durations,
    meter,
    partWrites: new Map(),
  };
  const publisher = openPublisher(glacier, listener);
  opened.push(() => publisher.close());
  await publisher.publishDue();
  await meterRecords(glacier);
  await meterBuckets(s3);
  await sweep(glacier);
  conditions.onAct(async (act) => {
    await publisher.publishDue(); // an act may take away what has ended already
    await actOnVaults(glacier, act);
  });
  const controls: Controls = {
    conditions,
    clock,
    messages: () => publisher.messages(),
    bill: async (range, rows) => {
      await meterIdleUploads(glacier);
      return rows ? meter.bill(range) : meter.totals(range);
    },
    state: () => stateOf(glacier, s3, conditions, folder),
  };
  const server = await startServer({
    port: options.port ?? 0,
    bodyIdleMs: options.bodyIdleMs ?? 60_000,
    clock,
    conditions,
    services: [
      controlService(controls),
      s3Service(s3, account, conditions, isForVaults),
      glacierService(glacier, account, conditions, publisher),
    ],
  });
  opened.push(() => server.close());
  folder.announce(server.url);
  return {
    url: server.url,
    region,
    ...account,
    now: () => clock.serviceNow(),
    advance: (ms) => clock.advance(ms),
    setSpeed: (speed) => clock.setSpeed(speed),
    counts: () => conditions.counts(),
    jobsUnderWay: () => jobsUnderWay(glacier),
    failNext: (fault) => conditions.add(fault),
    clearFaults: () => conditions.clear(),
    act: (act) => conditions.perform(act),
    bill: async (range) => {
      await meterIdleUploads(glacier);
      return meter.bill(range);
    },
    setMode: (change) => conditions.setMode(change),
    messages: () => publisher.messages(),
    close: () => closeAll(opened),
  };
}

/** What GET /-simulator/state shows. */
function stateOf(glacier: Glacier, s3: S3, conditions: Conditions, { instance }: FolderClaim): object {
  const nowMs = glacier.clock.serviceNow();
  return {
    instance,
    now: new Date(nowMs).toISOString(),
    nowMs,
    speed: glacier.clock.speed(),
    region: glacier.region,
    accountId: glacier.accountId,
    mode: conditions.mode(),
    pendingFaults: conditions.pending(),
    counts: conditions.counts(),
    vaults: vaultSummaries(glacier),
    buckets: bucketSummaries(s3),
  };
}
