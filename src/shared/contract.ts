/**
 * The contract between hosts and the engine: every request and every event.
 *
 * A request is `name -> { input schema, output type }`, an event `name -> payload type`. The desktop host carries them
 * over IPC, serve over HTTP and server-sent events, the command line calls them in process. Input is parsed by the
 * engine's door, whoever sends it; output is ours and is only typed. Failures cross as values (`Reply`).
 */
import { z } from 'zod';
import { checkInputs, type CheckEvents, type CheckOutputs } from './checkContract.ts';
import { costInputs, type CostOutputs } from './costContract.ts';
import { archiveInputs, type ArchiveEvents, type ArchiveOutputs } from './archiveContract.ts';
import type {
  EntryLine,
  FoundLine,
  OrderArchive,
  OrderFolder,
  OrderSummary,
  PlanSummary,
  PutBackPreview,
  ProblemLine,
  ProfileStatus,
  RulesPreview,
  RestorePreview,
  RunProgress,
  RunSummary,
  SnapshotSummary,
  TargetSummary,
  TierChange,
  UnattendedSummary,
} from './types.ts';
import type { Failure, Reply } from './failure.ts';
import { name } from './names.ts';
import { path, targetSettings, tier } from './parts.ts';
import { recoveryInputs, type RecoveryEvents, type RecoveryOutputs } from './recoveryContract.ts';
import {
  retentionInputs,
  retentionText,
  type RetentionEvents,
  type RetentionOutputs,
} from './retentionContract.ts';
import { vaultInputs, type VaultOutputs } from './vaultContract.ts';

/** A snapshot's id, a beginning of it of at least 4 digits, or `latest`. */
const snapshot = z.string().regex(/^(latest|[0-9a-f]{4,32})$/, 'a snapshot is named by its id or "latest"');
const orderId = z
  .string()
  .regex(/^[0-9a-f]{4,32}$/, 'an order is named by its id or the first four digits of it or more');
/** `text` is a path as a person writes it; `ref` is exact (`EntryLine.ref`). */
const where = z.union([
  z.strictObject({ text: path }),
  z.strictObject({ ref: z.base64().min(1).max(200_000) }),
]);
const excludes = z.array(z.string().min(1).max(4096)).max(10_000).default([]);
const schedule = z.string().min(1).max(200);
const clockTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'a time of day is written like 22:30');
/** One tier for everything (standard unless said otherwise), or the best mixture that keeps to a moment and a price. */
const howSoon = {
  tier: tier.optional(),
  /** Epoch ms by which everything is to be ready. */
  by: z.number().positive().optional(),
  maxUsd: z.number().nonnegative().optional(),
  /** Leave aside what is still on this computer, and have everything from the archives. */
  archiveOnly: z.boolean().default(false),
} as const;
const none = z.strictObject({});

/** Input schemas, one per request. Every request takes an object. */
export const inputs = {
  ...vaultInputs,
  ...archiveInputs,
  ...checkInputs,
  ...recoveryInputs,
  ...retentionInputs,
  ...costInputs,

  'profile:status': none,
  /** Makes the master key and seals it with the passphrase. */
  'profile:init': z.strictObject({ passphrase: z.string(), remember: z.boolean().default(false) }),
  'profile:unlock': z.strictObject({ passphrase: z.string() }),

  'targets:list': none,
  'targets:show': z.strictObject({ name }),
  /** Proves that the target can be reached before it is kept. */
  'targets:add': z.strictObject({
    name,
    settings: targetSettings,
  }),
  /** Forgets the target here; nothing stored there is touched. Refused while a plan uses it. */
  'targets:remove': z.strictObject({ name }),

  'plans:list': none,
  'plans:show': z.strictObject({ name }),
  'plans:add': z.strictObject({
    name,
    target: name,
    sources: z.array(path).min(1).max(1000),
    excludes,
    /** When it runs by itself: `manual`, `every 30m`, `daily 02:00`, `weekly sunday 03:00`, or cron text. */
    schedule: schedule.default('manual'),
    /** Which snapshots are kept: `everything`, or counts like `daily=7,weekly=4`. */
    retention: retentionText.default('everything'),
  }),
  /** Changes what is given. What left the plan stays in the snapshots that have it. */
  'plans:edit': z.strictObject({
    name,
    rename: name.optional(),
    sources: z.array(path).min(1).max(1000).optional(),
    excludes: excludes.unwrap().optional(),
    schedule: schedule.optional(),
    retention: retentionText.optional(),
  }),
  /**
   * Forgets the plan and its snapshots here. Archives stay at the target; with `snapshots: 'forget'` those that only this
   * plan needed are deleted there when that costs nothing.
   */
  'plans:remove': z.strictObject({ name, snapshots: z.enum(['keep', 'forget']).default('keep') }),

  /** What rules would leave out of these folders, with counts and bytes. Looks for some seconds at most. */
  'rules:preview': z.strictObject({
    sources: z.array(path).min(1).max(1000),
    excludes: excludes.unwrap(),
  }),

  /** What holds for everything that begins by itself. */
  'unattended:show': none,
  'unattended:set': z.strictObject({
    quiet: z.strictObject({ from: clockTime, to: clockTime }).nullable().optional(),
    pausedUntil: z
      .union([z.number().positive(), z.literal('always')])
      .nullable()
      .optional(),
    /** Under which something may begin by itself, as far as the host can tell. */
    conditions: z
      .strictObject({
        onBattery: z.boolean(),
        onMetered: z.boolean(),
        /** Names of networks; null for any. */
        networks: z.array(z.string().min(1).max(200)).min(1).max(50).nullable(),
      })
      .optional(),
    /** For all uploads together, whoever asked for them. Those with hours come before the one without. */
    limits: z
      .array(
        z.strictObject({
          bytesPerSecond: z.number().int().min(1024),
          from: clockTime.nullable(),
          to: clockTime.nullable(),
        }),
      )
      .max(20)
      .optional(),
  }),

  /** Starts a run; `run:ended` tells how it went. */
  'backup:start': z.strictObject({
    plan: name,
    /** Go on although a source folder that held files is now empty: record them as deleted. */
    acceptEmptySource: z.boolean().default(false),
  }),
  /** Has plans run one after the other, after what is under way. */
  'backup:queue': z.strictObject({ plans: z.array(name).min(1).max(1000) }),
  /** Takes a plan that waits for its turn out again. */
  'backup:unqueue': z.strictObject({ plan: name }),
  'backup:cancel': z.strictObject({ run: z.number().int() }),
  'runs:list': z.strictObject({
    plan: name.optional(),
    limit: z.number().int().min(1).max(1000).default(50),
  }),
  'runs:problems': z.strictObject({
    run: z.number().int(),
    limit: z.number().int().min(1).max(10_000).default(1000),
  }),

  'snapshots:list': z.strictObject({ plan: name.optional() }),
  'entries:list': z.strictObject({
    snapshot,
    plan: name.optional(),
    /** Absent: the source folders. */
    at: where.optional(),
    /** `name` of the last entry of the page before, exact (`EntryLine.ref`). */
    after: z.base64().optional(),
    limit: z.number().int().min(1).max(5000).default(1000),
  }),
  'entries:find': z.strictObject({
    /** A glob (`*.jpg`) or a part of a name; upper and lower case are equal. */
    pattern: z.string().min(1, 'a name, a part of one or a pattern is needed').max(1000),
    plan: name.optional(),
    limit: z.number().int().min(1).max(10_000).default(1000),
  }),

  'restore:preview': z.strictObject({
    snapshot,
    plan: name.optional(),
    /** Empty: everything. */
    paths: z.array(where).max(10_000).default([]),
    ...howSoon,
  }),
  'restore:order': z.strictObject({
    snapshot,
    plan: name.optional(),
    paths: z.array(where).max(10_000).default([]),
    ...howSoon,
    /** A folder that does not exist yet or is empty. */
    to: path,
    /** Give files their owner and group by number; needs the rights for it. */
    ownership: z.boolean().default(false),
    /** Set setuid, setgid and sticky too. Left out by default: a stranger's backup must not plant such a program. */
    specialBits: z.boolean().default(false),
  }),
  'orders:list': none,
  'orders:show': z.strictObject({ id: orderId }),
  'orders:cancel': z.strictObject({ id: orderId }),
  /** In the order in which they are asked for and read. */
  'orders:archives': z.strictObject({ id: orderId }),
  /** The folder itself (the top, if none is named) with all that is in it, then each folder directly in it. */
  'orders:folders': z.strictObject({ id: orderId, at: where.optional() }),
  /** The archives that these need come before all others. */
  'orders:first': z.strictObject({ id: orderId, paths: z.array(where).min(1).max(10_000) }),
  /** Another tier for what was not asked for yet. Without `accept` only told, with the difference in price. */
  'orders:tier': z.strictObject({ id: orderId, tier, accept: z.literal(true).optional() }),
  /** What putting the files of an order that has ended back into their source folders would meet. */
  'orders:putBackPreview': z.strictObject({ id: orderId }),
  /**
   * Moves them there; `order:changed` tells how far it is, and `orders:cancel` stops it. Asked for again, it goes on
   * with what is left. Without `choice` it is refused if anything else stands in the place of a file.
   */
  'orders:putBack': z.strictObject({
    id: orderId,
    choice: z.enum(['keep-both', 'replace', 'skip']).optional(),
  }),
  /** Carries on every order that has not ended; in a resident engine they go on by themselves. */
  'orders:resume': none,

  /** Practice vault only: lets virtual time pass. */
  'practice:advance': z.strictObject({
    target: name,
    hours: z
      .number()
      .positive()
      .max(24 * 400),
  }),
} as const;

export interface Outputs
  extends VaultOutputs, ArchiveOutputs, CheckOutputs, RecoveryOutputs, RetentionOutputs, CostOutputs {
  'profile:status': ProfileStatus;
  'profile:init': ProfileStatus;
  'profile:unlock': ProfileStatus;
  'targets:list': readonly TargetSummary[];
  'targets:show': TargetSummary;
  'targets:add': TargetSummary;
  'targets:remove': null;
  'plans:list': readonly PlanSummary[];
  'plans:show': PlanSummary;
  'plans:add': PlanSummary;
  'plans:edit': PlanSummary;
  'plans:remove': null;
  'rules:preview': RulesPreview;
  'unattended:show': UnattendedSummary;
  'unattended:set': UnattendedSummary;
  'backup:start': RunSummary;
  'backup:queue': null;
  'backup:unqueue': null;
  'backup:cancel': null;
  'runs:list': readonly RunSummary[];
  'runs:problems': readonly ProblemLine[];
  'snapshots:list': readonly SnapshotSummary[];
  'entries:list': { readonly entries: readonly EntryLine[]; readonly more: boolean };
  'entries:find': { readonly entries: readonly FoundLine[]; readonly more: boolean };
  'restore:preview': RestorePreview;
  'restore:order': OrderSummary;
  'orders:list': readonly OrderSummary[];
  'orders:show': OrderSummary;
  'orders:cancel': OrderSummary;
  'orders:archives': readonly OrderArchive[];
  'orders:folders': readonly OrderFolder[];
  'orders:first': OrderSummary;
  'orders:tier': TierChange;
  'orders:putBackPreview': PutBackPreview;
  'orders:putBack': OrderSummary;
  'orders:resume': readonly OrderSummary[];
  'practice:advance': { readonly now: number };
}

/** Events go one way, engine to hosts, and carry state, never commands. */
export interface Events extends ArchiveEvents, CheckEvents, RecoveryEvents, RetentionEvents {
  /** A few times a second while a run is on. */
  'run:progress': RunProgress;
  'run:started': RunSummary;
  'run:ended': RunSummary;
  /** An order moved on: state, counts or result. */
  'order:changed': OrderSummary;
  /** Targets, plans or snapshots were added or removed: read them again. */
  'lists:changed': Record<string, never>;
  'profile:changed': ProfileStatus;
  /** The engine met something a person should know that belongs to no request. */
  'engine:notice': Failure;
}

export type RequestName = keyof typeof inputs & keyof Outputs;
export type EventName = keyof Events;
/** What a caller passes (defaults may be left out) and what the engine receives (defaults filled in). */
export type RequestInput<R extends RequestName> = z.input<(typeof inputs)[R]>;
export type ParsedInput<R extends RequestName> = z.output<(typeof inputs)[R]>;

/** One route per request; TypeScript refuses a table with a hole in it. */
export type Routes = { readonly [R in RequestName]: (input: ParsedInput<R>) => Promise<Outputs[R]> };

export const requestNames = Object.keys(inputs) as readonly RequestName[];
export const eventNames: readonly EventName[] = [
  'run:progress',
  'run:started',
  'run:ended',
  'order:changed',
  'errand:changed',
  'check:changed',
  'recovery:changed',
  'prune:changed',
  'lists:changed',
  'profile:changed',
  'engine:notice',
];

export function isRequestName(text: string): text is RequestName {
  return Object.hasOwn(inputs, text);
}

/** The engine as its hosts and the window see it, however far away it runs. */
export interface Door {
  /** Never rejects for an expected failure: that is a `Reply`. */
  request<R extends RequestName>(request: R, input: RequestInput<R>): Promise<Reply<Outputs[R]>>;
  /** Calls `listener` for each event from now on; the returned function ends that. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void;
}
