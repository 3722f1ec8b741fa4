/**
 * What a test or a lesson makes the simulator do wrong, and what it counts.
 *
 * A fault is one line of a script: for which requests, and what goes wrong with them.
 *
 * Which: `operation` names the operation as the service's reference does, '*' is any. Counted from when the fault is
 * ordered, the first `after` matching requests pass; of those that follow, every `every`-th (the first one first)
 * is hit, `times` times in all (default 1; 'always' without end). With `until`, a virtual time, there is no end but
 * that time unless `times` is given: a storm. Requests count once they are signed right; each is hit by one fault
 * at most, the one that was ordered first of those due. So faults for one operation queue up.
 *
 * What: `when` says it.
 *
 * - `before`, `after`: answered with `status`, `code` and `message` in the service's own form, without or in spite
 *   of its effect; `retryAfterSeconds` adds a Retry-After header.
 * - `drop-before`, `drop-after`: the connection is cut without an answer, without or in spite of the effect.
 * - `cut-body`: the connection is cut once `bytes` of the request's body have come (or all, if it has fewer).
 *   Operations that take no data have read their body by then: to them it is `drop-before`.
 * - `delay`: nothing but a late answer, see `delayMs`.
 * - `answer`: all goes well, and then the answer is changed on its way out, as `change` says:
 *     `truncate`  the head promises everything, `bytes` come, the connection closes;
 *     `shorten`   only the first `bytes`, and a Content-Length that agrees;
 *     `flip`      the byte at `offset` of the body is another; hash headers tell of the body as it should be
 *                 (`hash` 'keep', the default) or as it is ('match', tree hashes only);
 *     `hash`      hash headers are 'wrong' or 'missing', as `to` says;
 *     `html`      a page of HTML with status 200, as captive portals send it;
 *     `empty`     status 200 and nothing in it;
 *     `date`      the Date header is off by `skewMs`.
 * - `act-before`, `act-after`: the request is served well; before or after, the simulator does an `act` (below).
 *
 * Any fault that lets an answer out may have `delayMs`: the answer waits for so long, in real time.
 */

export type Fault = Matching & Effect;

export interface Matching {
  readonly operation: string;
  readonly after?: number | undefined;
  readonly every?: number | undefined;
  readonly times?: number | 'always' | undefined;
  /** Virtual epoch ms. */
  readonly until?: number | undefined;
  readonly delayMs?: number | undefined;
}

export type Effect =
  | {
      readonly when: 'before' | 'after';
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly retryAfterSeconds?: number | undefined;
    }
  | { readonly when: 'drop-before' | 'drop-after' }
  | { readonly when: 'cut-body'; readonly bytes: number }
  | { readonly when: 'delay' }
  | ({ readonly when: 'answer' } & AnswerChange)
  | { readonly when: 'act-before' | 'act-after'; readonly act: Act };

export type AnswerChange =
  | { readonly change: 'truncate' | 'shorten'; readonly bytes: number }
  | { readonly change: 'flip'; readonly offset: number; readonly hash?: 'keep' | 'match' | undefined }
  | { readonly change: 'hash'; readonly to: 'wrong' | 'missing' }
  | { readonly change: 'html' | 'empty' }
  | { readonly change: 'date'; readonly skewMs: number };

/**
 * What can be made to happen to everything that is there: open uploads run out, as after a day without a part;
 * outputs of finished jobs and temporary copies run out; jobs that are under way will end Failed.
 */
export const acts = ['expire-uploads', 'expire-outputs', 'fail-jobs'] as const;
export type Act = (typeof acts)[number];

interface Mode {
  /** Every operation refuses, as for an account that has never used vaults. */
  readonly noLongerSupported: boolean;
  /** Every operation is denied. */
  readonly denyAll: boolean;
  /** Expedited retrievals are refused, unless the account has provisioned capacity. */
  readonly noExpeditedCapacity: boolean;
  /** Added to real time wherever clients can see the transport's clock. */
  readonly transportSkewMs: number;
}

/** What is given changes, the rest stays. */
export type ModeChange = { readonly [K in keyof Mode]?: Mode[K] | undefined };

export interface Counts {
  /** Requests per operation, refused ones included. */
  readonly operations: Readonly<Record<string, number>>;
  /** Bytes of bodies received and sent. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface Conditions {
  add(fault: Fault): void;
  /** Takes back all faults that are pending. */
  clear(): void;
  /** The fault due for this request, if any; counts the request, and the fault as used. */
  take(operation: string): Fault | null;
  /** Faults that may still hit, with the requests they let pass and the times they hit from now on. */
  pending(): readonly Fault[];
  mode(): Mode;
  setMode(change: ModeChange): void;
  /** Each service says how it does an act. */
  onAct(handler: (act: Act) => Promise<void>): void;
  /** Resolves when every service has done it. */
  perform(act: Act): Promise<void>;
  count(operation: string): void;
  countIn(bytes: number): void;
  countOut(bytes: number): void;
  counts(): Counts;
}

interface Pending {
  readonly fault: Fault;
  /** Matching requests so far. */
  seen: number;
  /** Times it has still to hit; Infinity for no end. */
  left: number;
}

/** Fair weather; `onSkew` hears of each new transport skew, `now` is virtual time. */
export function newConditions(onSkew: (skewMs: number) => void, now: () => number): Conditions {
  let faults: Pending[] = [];
  let mode: Mode = {
    noLongerSupported: false,
    denyAll: false,
    noExpeditedCapacity: false,
    transportSkewMs: 0,
  };
  const handlers: ((act: Act) => Promise<void>)[] = [];
  const operations = new Map<string, number>();
  let bytesIn = 0;
  let bytesOut = 0;
  const stillPending = (): Pending[] =>
    faults.filter(({ fault, left }) => left > 0 && (fault.until === undefined || now() < fault.until));
  return {
    add: (fault) => faults.push({ fault, seen: 0, left: timesOf(fault) }),
    clear: () => (faults = []),
    take: (operation) => {
      faults = stillPending();
      const matching = faults.filter(({ fault }) => fault.operation === operation || fault.operation === '*');
      for (const pending of matching) pending.seen += 1;
      const due = matching.find(isDue);
      if (due === undefined) return null;
      due.left -= 1;
      return due.fault;
    },
    pending: () => {
      faults = stillPending();
      return faults.map(({ fault, seen, left }) => ({
        ...fault,
        ...(fault.after === undefined ? {} : { after: Math.max(0, fault.after - seen) }),
        times: left === Infinity ? 'always' : left,
      }));
    },
    mode: () => mode,
    setMode: (change) => {
      mode = {
        noLongerSupported: change.noLongerSupported ?? mode.noLongerSupported,
        denyAll: change.denyAll ?? mode.denyAll,
        noExpeditedCapacity: change.noExpeditedCapacity ?? mode.noExpeditedCapacity,
        transportSkewMs: change.transportSkewMs ?? mode.transportSkewMs,
      };
      onSkew(mode.transportSkewMs);
    },
    onAct: (handler) => handlers.push(handler),
    perform: async (act) => {
      for (const handler of handlers) await handler(act);
    },
    count: (operation) => operations.set(operation, (operations.get(operation) ?? 0) + 1),
    countIn: (bytes) => (bytesIn += bytes),
    countOut: (bytes) => (bytesOut += bytes),
    counts: () => ({ operations: Object.fromEntries(operations), bytesIn, bytesOut }),
  };
}

function timesOf({ times, until }: Fault): number {
  if (times === 'always') return Infinity;
  return times ?? (until === undefined ? 1 : Infinity);
}

/** Whether the request that was just counted is one to be hit. */
function isDue({ fault, seen }: Pending): boolean {
  const place = seen - (fault.after ?? 0) - 1;
  return place >= 0 && place % (fault.every ?? 1) === 0;
}
