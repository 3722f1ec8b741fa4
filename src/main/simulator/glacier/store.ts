/**
 * The service's records and bytes on disk: a journal of changes (whole state in memory), archive files, and the
 * outputs of inventory jobs. Whatever was acknowledged is in the journal; a kill at any moment loses only what
 * was not.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Durability, openJournal, readJournal, rewriteJournal } from '../journal.ts';
import { type DataFiles, openDataFiles } from './dataFiles.ts';
import { apply, asChanges, type Change, emptyState, type State } from './records.ts';

export interface Store {
  readonly state: State;
  readonly files: DataFiles;
  /** Folder for the outputs of inventory jobs, each named by its job: can be made again from the records. */
  readonly outputsDir: string;
  /** The latest time any record was written at, in virtual epoch ms; 0 in a new store. */
  readonly latestAt: number;
  /** Applies the changes at once, in memory; resolves when they are in the journal, all or none. */
  commit(at: number, changes: readonly Change[]): Promise<void>;
  close(): Promise<void>;
}

interface Line {
  readonly at: number;
  readonly changes: readonly Change[];
}

/** Journals with this many more lines than the state needs are rewritten at start. */
const WASTE_LINES = 10_000;

/** Opens the store in `dir`, new if absent, and removes files no record names. */
export async function openStore(dir: string, durability: Durability): Promise<Store> {
  const dataDir = join(dir, 'data');
  const outputsDir = join(dir, 'outputs');
  await mkdir(dataDir, { recursive: true });
  await mkdir(outputsDir, { recursive: true });

  const journalPath = join(dir, 'journal.jsonl');
  const state = emptyState();
  const lines = readJournal(journalPath) as Line[];
  for (const { changes } of lines) for (const change of changes) apply(state, change);
  const latestAt = lines.at(-1)?.at ?? 0;
  if (lines.length > 2 * countChanges(state) + WASTE_LINES)
    rewriteJournal(journalPath, compacted(state, latestAt));

  const files = openDataFiles(dataDir, durability);
  await files.removeAllBut(filesInUse(state));
  await removeLostOutputs(outputsDir, state);
  const journal = await openJournal(journalPath, durability);
  return {
    state,
    files,
    outputsDir,
    latestAt,
    commit: (at, changes) => {
      for (const change of changes) apply(state, change);
      return journal.append({ at, changes } satisfies Line);
    },
    close: () => journal.close(),
  };
}

function countChanges(state: State): number {
  return asChanges(state).reduce((count) => count + 1, 0);
}

function* compacted(state: State, at: number): Generator<Line> {
  for (const change of asChanges(state)) yield { at, changes: [change] };
}

/** Ids of all archives whose bytes somebody can still ask for. */
export function filesInUse(state: State): Set<string> {
  const inUse = new Set<string>();
  for (const vault of state.vaults.values()) {
    for (const { id, deletedAt } of vault.archives.values()) if (deletedAt === null) inUse.add(id);
    for (const { record } of vault.uploads.values()) if (record.outcome === null) inUse.add(record.archiveId);
    for (const job of vault.jobs.values()) if (job.kind === 'archive') inUse.add(job.archiveId);
  }
  return inUse;
}

async function removeLostOutputs(outputsDir: string, state: State): Promise<void> {
  for (const name of await readdir(outputsDir)) {
    const known = state.vaults.values().some((vault) => vault.jobs.has(name));
    if (!known) await rm(join(outputsDir, name), { force: true });
  }
}
