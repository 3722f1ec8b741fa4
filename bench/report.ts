/** Figures as tables. Pure. */
import { formatCount, table, type Align } from '../src/main/cli/format.ts';
import type { CorpusFacts } from './corpora.ts';
import type { StepName } from './options.ts';
import type { Run } from './rounds.ts';
import { median, pairwiseRatio, type Ratio } from './statistics.ts';

const MIB = 2 ** 20;

const stepWords: Readonly<Record<StepName, string>> = {
  first: 'first backup',
  unchanged: 'nothing changed',
  restore: 'restore everything',
  one: 'restore one file',
  edit: 'after 20 inserts in each file',
  delay: 'event loop',
};

/** The program all others are held against. */
const OURS = 'permafrost';

/** Medians over the rounds, a line for each program and step. */
export function medianLines(corpus: CorpusFacts, runs: readonly Run[]): string[] {
  const head = [
    'STEP',
    'PROGRAM',
    'SECONDS',
    'FROM-TO',
    'CPU S',
    'PEAK MiB',
    'STORED MiB',
    'ADDED MiB',
    'LOCAL MiB',
  ];
  const align: Align[] = ['left', 'left', ...head.slice(2).map((): Align => 'right')];
  const rows = groupsOf(runs).map(([step, contender, group], i, groups) => {
    const seconds = group.map((run) => run.seconds);
    return [
      groups[i - 1]?.[0] === step ? '' : stepWords[step],
      contender,
      median(seconds).toFixed(2),
      `${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)}`,
      told(
        group.map((run) => run.cpuSeconds),
        (value) => value.toFixed(2),
      ),
      told(
        group.map((run) => run.peakBytes),
        (value) => (value / MIB).toFixed(0),
      ),
      ...[
        group.map((run) => run.storedBytes),
        group.map((run) => run.addedBytes),
        group.map((run) => run.localBytes),
      ].map((bytes) => (median(bytes) / MIB).toFixed(1)),
    ];
  });
  const title = `${corpus.name}: ${formatCount(corpus.files)} files, ${(corpus.bytes / MIB).toFixed(1)} MiB`;
  return [title, ...table([head, ...rows], align)];
}

/** How many times our time, CPU time and bytes the others took, each round's neighbours by themselves. */
export function ratioLines(runs: readonly Run[]): string[] {
  const rows = groupsOf(runs).flatMap(([step, contender, theirs]) => {
    const ours = runs.filter((run) => run.step === step && run.contender === OURS);
    if (contender === OURS || ours.length === 0) return [];
    return [[stepWords[step], contender, ...ratiosOf(ours, theirs, step)]];
  });
  if (rows.length === 0) return [];
  const head = ['STEP', 'PROGRAM', 'TIME', 'FROM-TO', 'CPU TIME', 'BYTES'];
  return [
    'Held against permafrost, medians of the rounds: above 1, permafrost takes less',
    ...table([head, ...rows], ['left', 'left', 'right', 'right', 'right', 'right']),
  ];
}

function ratiosOf(ours: readonly Run[], theirs: readonly Run[], step: StepName): string[] {
  const time = pairwiseRatio(
    ours.map((run) => run.seconds),
    theirs.map((run) => run.seconds),
  );
  const bytesOf = step === 'first' ? (run: Run) => run.storedBytes : (run: Run) => run.addedBytes;
  const isAdding = step === 'first' || step === 'edit';
  return [
    times(time),
    `${time.least.toFixed(2)}-${time.most.toFixed(2)}`,
    cpuRatio(ours, theirs),
    isAdding ? times(pairwiseRatio(ours.map(bytesOf), theirs.map(bytesOf))) : '',
  ];
}

function cpuRatio(ours: readonly Run[], theirs: readonly Run[]): string {
  const [a, b] = [ours, theirs].map((runs) =>
    runs.map((run) => run.cpuSeconds).filter((cpu) => cpu !== null),
  );
  if (a === undefined || b === undefined || a.length < ours.length || b.length < theirs.length) return '-';
  return times(pairwiseRatio(a, b));
}

function times(ratio: Ratio): string {
  return `${ratio.median.toFixed(2)}x`;
}

type Group = readonly [step: StepName, contender: string, runs: readonly Run[]];

/** Runs that differ in nothing but the round, in the order of the first round. */
function groupsOf(runs: readonly Run[]): Group[] {
  const groups = new Map<string, [StepName, string, Run[]]>();
  for (const run of runs) {
    const key = `${run.step} ${run.contender}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run.step, run.contender, [run]]);
    else group[2].push(run);
  }
  for (const [, , group] of groups.values()) group.sort((a, b) => a.round - b.round);
  return [...groups.values()];
}

/** The median, unless the system has not told every one. */
function told(values: readonly (number | null)[], show: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? '-' : show(median(known));
}
