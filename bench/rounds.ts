/**
 * The rounds over one corpus. In each, every program begins with an empty store; then step by step all programs do the
 * same, one right after the other and each time another one first, so that whatever else the machine does meets them
 * alike. Before each step everything it reads has been read once: some machines put idle pages away within minutes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compareTrees } from '../src/main/cli/demo/compareTrees.ts';
import type { Contender, Store } from './contenders/contender.ts';
import { bytesOf, filesOf, type Corpus, type CorpusFacts } from './corpora.ts';
import { makeEdit } from './corpus/edit.ts';
import { measure, type Measured } from './measure.ts';
import type { StepName } from './options.ts';

const EDIT_SEED = 2;

/** One program doing one step once. */
export interface Run extends Omit<Measured, 'output'> {
  readonly corpus: Corpus['name'];
  readonly step: StepName;
  readonly contender: string;
  readonly round: number;
  /** After the step, at the target; and how many more than before it. */
  readonly storedBytes: number;
  readonly addedBytes: number;
  /** What the program keeps on this computer beside. */
  readonly localBytes: number;
}

export interface Rounds {
  readonly corpus: CorpusFacts;
  readonly runs: readonly Run[];
  /** What came back otherwise than it was. */
  readonly differences: readonly string[];
}

interface Asked {
  readonly corpus: Corpus;
  readonly contenders: readonly Contender[];
  readonly steps: readonly StepName[];
  readonly rounds: number;
  /** An empty folder. */
  readonly work: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Makes the corpus, runs all rounds and leaves the corpus at `sourceOf(work)`. Rejects when a program fails. */
export async function runRounds(asked: Asked): Promise<Rounds> {
  const { corpus, rounds, work, note } = asked;
  const source = sourceOf(work);
  note(`${corpus.name}: making the files`);
  corpus.make(source);
  if (asked.steps.includes('edit')) makeEdit(editedOf(work), source, EDIT_SEED);
  const files = filesOf(source);
  const facts = {
    name: corpus.name,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const one = files[Math.floor(files.length / 2)];
  if (one === undefined) throw new RangeError('a corpus without files');

  const runs: Run[] = [];
  const differences: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    note(`${corpus.name}: round ${round} of ${rounds}`);
    const results = await oneRound({ ...asked, round, onePath: one.path });
    runs.push(...results.runs);
    differences.push(...results.differences);
  }
  return { corpus: facts, runs, differences };
}

/** Where the corpus is seen by every program, in whatever state a step wants it. */
export function sourceOf(work: string): string {
  return join(work, 'source');
}

function editedOf(work: string): string {
  return join(work, 'edited');
}

interface OneRound extends Asked {
  readonly round: number;
  readonly onePath: string;
}

interface Entrant {
  readonly contender: Contender;
  readonly store: Store;
}

async function oneRound(asked: OneRound): Promise<Omit<Rounds, 'corpus'>> {
  const stores = join(asked.work, 'stores');
  const entrants: Entrant[] = [];
  const runs: Run[] = [];
  const differences: string[] = [];
  try {
    for (const [i, contender] of asked.contenders.entries()) {
      const folder = join(stores, String(i));
      await mkdir(folder, { recursive: true });
      const place = { folder, source: sourceOf(asked.work) };
      entrants.push({ contender, store: await contender.prepare(place, asked.signal) });
    }
    for (const step of asked.steps) {
      if (step === 'edit') await swapEdited(asked.work);
      for (const entrant of inTurn(entrants, asked.round)) {
        if (isRestore(step) && !entrant.contender.restores) continue;
        const { run, difference } = await oneStep(asked, step, entrant);
        runs.push(run);
        if (difference !== null) differences.push(`${asked.corpus.name}, ${run.contender}: ${difference}`);
      }
      if (step === 'edit') await swapEdited(asked.work);
    }
  } finally {
    for (const { store } of entrants) await store.close();
    await rm(stores, { recursive: true, force: true });
  }
  return { runs, differences };
}

/** Each round begins with another one. */
export function inTurn<T>(things: readonly T[], round: number): T[] {
  const first = (round - 1) % Math.max(1, things.length);
  return [...things.slice(first), ...things.slice(0, first)];
}

function isRestore(step: StepName): boolean {
  return step === 'restore' || step === 'one';
}

/** The edited files take the place of the others: a program finds them under the paths it knows. */
async function swapEdited(work: string): Promise<void> {
  const aside = join(work, 'aside');
  await rename(sourceOf(work), aside);
  await rename(editedOf(work), sourceOf(work));
  await rename(aside, editedOf(work));
}

async function oneStep(
  asked: OneRound,
  step: StepName,
  { contender, store }: Entrant,
): Promise<{ readonly run: Run; readonly difference: string | null }> {
  const { work, signal, corpus, round, onePath } = asked;
  const source = sourceOf(work);
  const storedBefore = bytesOf(store.stored);
  const to = join(work, 'restored');
  await mkdir(to);
  await settle();
  readAll(isRestore(step) ? store.stored : source);
  let measured: Measured;
  let difference: string | null = null;
  switch (step) {
    case 'restore': {
      const { command, landsAt } = store.restoreAll(to);
      measured = await measure(command, signal);
      difference = await treeDifference(source, landsAt, signal);
      break;
    }
    case 'one': {
      const { command, landsAt } = store.restoreOne(onePath, to);
      measured = await measure(command, signal);
      if (!readFileSync(landsAt).equals(readFileSync(join(source, onePath))))
        difference = `${onePath} differs`;
      break;
    }
    default:
      measured = await measure(store.backup(), signal);
  }
  await rm(to, { recursive: true });
  const { seconds, cpuSeconds, peakBytes } = measured;
  const storedBytes = bytesOf(store.stored);
  const run = {
    corpus: corpus.name,
    step,
    contender: contender.name,
    round,
    seconds,
    cpuSeconds,
    peakBytes,
    storedBytes,
    addedBytes: storedBytes - storedBefore,
    localBytes: bytesOf(store.local),
  };
  return { run, difference };
}

/** Writes out what others have left to be written, so that nobody pays for somebody else's files. */
async function settle(): Promise<void> {
  const sync = spawn('sync', { stdio: 'ignore' });
  await once(sync, 'exit');
}

const block = Buffer.alloc(2 ** 20);

function readAll(dir: string): void {
  for (const { path } of filesOf(dir)) {
    const file = openSync(join(dir, path), 'r');
    try {
      while (readSync(file, block, 0, block.length, null) > 0);
    } finally {
      closeSync(file);
    }
  }
}

/** The first difference, but for the top folder's own time: not every program saves the folder it was started in. */
async function treeDifference(source: string, restored: string, signal: AbortSignal): Promise<string | null> {
  const { differences } = await compareTrees(source, restored, { signal });
  const found = differences.find(({ path }) => path !== '.');
  return found === undefined ? null : `${found.path} ${found.what}`;
}
