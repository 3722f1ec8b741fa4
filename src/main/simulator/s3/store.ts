/**
 * S3's records and bytes on disk: a journal of changes (whole state in memory) and a file per body. Whatever was
 * acknowledged is in the journal; a kill at any moment loses only what was not.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Durability, openJournal, readJournal, rewriteJournal } from '../journal.ts';
import { type Blobs, openBlobs } from './blobs.ts';
import { apply, asChanges, blobsInUse, type Change, emptyState, type State } from './records.ts';

export interface BucketStore {
  readonly state: State;
  readonly blobs: Blobs;
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
export async function openBucketStore(dir: string, durability: Durability): Promise<BucketStore> {
  const blobsDir = join(dir, 'blobs');
  await mkdir(blobsDir, { recursive: true });
  const journalPath = join(dir, 'journal.jsonl');
  const state = emptyState();
  const lines = readJournal(journalPath) as Line[];
  for (const { changes } of lines) for (const change of changes) apply(state, change);
  const latestAt = lines.at(-1)?.at ?? 0;
  const needed = asChanges(state).reduce((count) => count + 1, 0);
  if (lines.length > 2 * needed + WASTE_LINES) rewriteJournal(journalPath, compacted(state, latestAt));

  const blobs = openBlobs(blobsDir, durability);
  await blobs.removeAllBut(blobsInUse(state));
  const journal = await openJournal(journalPath, durability);
  return {
    state,
    blobs,
    latestAt,
    commit: (at, changes) => {
      for (const change of changes) apply(state, change);
      return journal.append({ at, changes } satisfies Line);
    },
    close: () => journal.close(),
  };
}

function* compacted(state: State, at: number): Generator<Line> {
  for (const change of asChanges(state)) yield { at, changes: [change] };
}
