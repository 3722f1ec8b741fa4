/**
 * The demo: everything Permafrost does, in a minute and without an account. A folder is backed up to a practice
 * vault, ordered back, thawed in virtual hours, restored into a new folder and compared with the original by code
 * that shares nothing with the engine. Everything it makes lies in one work folder.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type {
  Estimate,
  OrderSummary,
  ProblemLine,
  RunSummary,
  TargetSummary,
} from '../../../shared/types.ts';
import { estimate, openEngine, vaultPrices } from '../../engine/engine.ts';
import { Failed, failed } from '../failed.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import type { Output } from '../output.ts';
import { runBackup } from '../runBackup.ts';
import { openSession } from '../session.ts';
import type { Session } from '../session.ts';
import { sortDifferences } from './changedMeanwhile.ts';
import type { SortedDifferences } from './changedMeanwhile.ts';
import { compareTrees } from './compareTrees.ts';
import type { Comparison } from './compareTrees.ts';
import { measureTree } from './measure.ts';
import { checkSpace } from './space.ts';
import { thaw } from './thaw.ts';

export interface DemoOptions {
  /** Absolute. */
  readonly source: string;
  /** Where everything is made; exists and is empty. */
  readonly work: string;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface Step {
  readonly what: 'look' | 'backup' | 'restore' | 'compare';
  readonly ms: number;
}

/** What happened. */
export interface DemoFacts {
  readonly source: string;
  readonly run: RunSummary;
  readonly target: TargetSummary;
  readonly problems: readonly ProblemLine[];
  readonly order: OrderSummary;
  /** Virtual hours that were let pass. */
  readonly hours: number;
  readonly comparison: Comparison;
  readonly differences: SortedDifferences;
  /** What a real vault would have charged for the upload and for a month; the restore's price is the order's. */
  readonly backupEstimate: Estimate;
  readonly steps: readonly Step[];
  readonly peakMemoryBytes: number;
}

/** Names in the demo's own profile. */
const TARGET = 'practice';
const PLAN = 'demo';
const LISTED_PROBLEMS = 10_000;

/** @throws Failed for what kept it from reaching the end; a difference between the trees is a fact, not a failure */
export async function runDemo({ source, work, output, signal }: DemoOptions): Promise<DemoFacts> {
  const steps: Step[] = [];
  const timed = async <T>(what: Step['what'], act: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const begun = performance.now();
    const value = await act();
    steps.push({ what, ms: performance.now() - begun });
    output.status.clear();
    return value;
  };
  await timed('look', () => checkRoom(source, work, output, signal));
  const engine = await openEngine({ profile: join(work, 'profile'), host: 'cli demo' });
  try {
    const session = openSession(engine, output, signal);
    await prepare(session, source);
    const run = await timed('backup', () => backUp(session));
    const problems = await session.ask('runs:problems', { run: run.id, limit: LISTED_PROBLEMS });
    const target = await session.ask('targets:show', { name: TARGET });
    const place = () => orderEverything(session, join(work, 'restored'));
    const { order, hours } = await timed('restore', () => thaw(session, TARGET, place));
    if (order.failure !== null) throw new Failed(order.failure);
    const comparison = await timed('compare', () => compare(source, order, output, signal));
    return {
      source,
      run,
      target,
      problems,
      order,
      hours,
      comparison,
      differences: sortDifferences(source, comparison.differences, run.startedAt),
      backupEstimate: estimateBackup(target, run),
      steps,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    await engine.close();
  }
}

async function checkRoom(source: string, work: string, output: Output, signal: AbortSignal): Promise<void> {
  const size = await measureTree(source, signal, ({ files, bytes }) => {
    output.status.show(() => `Looking: ${plural(files, 'file')}, ${formatBytes(bytes)}`);
  });
  await checkSpace(size.bytes, work);
}

async function prepare(session: Session, source: string): Promise<void> {
  const passphrase = randomBytes(24).toString('base64url');
  await session.ask('profile:init', { passphrase, remember: false });
  // Time in the vault passes as real time does, but for the hours that are let pass.
  await session.ask('targets:add', { name: TARGET, settings: { kind: 'practice', speed: 1 } });
  await session.ask('plans:add', { name: PLAN, target: TARGET, sources: [source] });
}

async function backUp(session: Session): Promise<RunSummary> {
  const run = await runBackup(session, PLAN, false);
  if (run.failure !== null) throw new Failed(run.failure);
  return run;
}

/** With owners where we may set them, and all permission bits: so that everything has to agree. */
function orderEverything(session: Session, to: string): Promise<OrderSummary> {
  const ownership = process.getuid?.() === 0;
  return session.ask('restore:order', { snapshot: 'latest', to, ownership, specialBits: true });
}

async function compare(
  source: string,
  order: OrderSummary,
  output: Output,
  signal: AbortSignal,
): Promise<Comparison> {
  const [root] = order.roots;
  if (root === undefined) throw failed('not-found', 'The order restored no folder.', 'Please report this.');
  return compareTrees(source, root.to, {
    signal,
    onProgress: ({ files, bytes }) => {
      output.status.show(() => `Comparing: ${formatCount(files)} files, ${formatBytes(bytes)}`);
    },
  });
}

function estimateBackup({ archives, storedBytes }: TargetSummary, { counts }: RunSummary): Estimate {
  const act = { kind: 'backup', archives, bytes: storedBytes, parts: counts.parts } as const;
  return estimate(act, vaultPrices('us-east-1'));
}
