/**
 * Steps 2 and 3 of a run: walks the sources beside the catalog, records what needs no reading at once, and hands files
 * that are new or changed to the packing pool. What is equal is not touched.
 *
 * Folders go in batches: one look into the catalog and at most one write for many of them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  currentEntriesOf,
  putEntries,
  removeEntries,
  type EntryPlace,
  type EntryPut,
} from '../catalog/entries.ts';
import { FolderMap } from '../catalog/folderMap.ts';
import { ensureTop } from '../catalog/folders.ts';
import type { FolderId } from '../catalog/ids.ts';
import { addProblems } from '../catalog/runs.ts';
import type { Entry, FileEntry, FoundFile, Problem } from '../entry.ts';
import { EngineError } from '../failure.ts';
import { compareFolder } from '../scan/compare.ts';
import { findRoot, type Root } from '../scan/root.ts';
import { parseRules } from '../scan/rules.ts';
import { walk, type FoundFolder } from '../scan/walk.ts';
import type { BackupJob } from './backupJob.ts';
import { FolderNodes, idOf, type FolderNode } from './folderNodes.ts';

/** A file that has to be read, and where its entry belongs. */
export interface FileToRead {
  readonly folder: FolderId;
  readonly path: Buffer;
  readonly found: FoundFile;
  /** What the catalog has of it now. */
  readonly known: FileEntry | null;
}

const BATCH_FOLDERS = 200;
const BATCH_ENTRIES = 4000;

/**
 * A source that is missing, or that held something and is empty, is a problem of the run while there are others: what
 * was saved of it stays as it is. When it is the only one, or none is there, the run has nothing to go on with.
 *
 * @param read takes files to be read; its promise holds the walk back while the pool is full
 * @throws EngineError `not-found` or `unreadable` when no source is there, `changed` when the only one is empty now
 */
export async function scanSources(
  job: BackupJob,
  read: (files: readonly FileToRead[]) => Promise<void>,
): Promise<void> {
  const { roots, absent } = findRoots(job);
  const top = await job.catalog.transaction((tx) => ensureTop(tx, job.plan.id));
  const scan = new Scan(job, new FolderNodes(await FolderMap.load(job.catalog, job.plan.id), top), read);
  await scan.recordRoots(top, roots, absent);
  const rules = parseRules(job.plan.excludes);
  for (const root of roots) {
    for await (const found of walk(root, { rules, signal: job.signal })) await scan.take(root, found);
  }
  await scan.flush();
}

/** The sources that can be walked, and what is to be said of the others. */
function findRoots(job: BackupJob): { readonly roots: readonly Root[]; readonly absent: readonly Problem[] } {
  const roots: Root[] = [];
  const absent: Problem[] = [];
  let failure: EngineError | null = null;
  for (const source of job.plan.sources) {
    try {
      roots.push(findRoot(source, ownFolders(job)));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      failure ??= error;
      absent.push({ path: source, kind: 'unreadable', message: `${error.message} ${error.advice}` });
    }
  }
  if (failure !== null && roots.length === 0) throw failure;
  return { roots, absent };
}

/** What must not be saved: the profile, and the folder the archives go to. */
function ownFolders({ profile, targetRow }: BackupJob): Buffer[] {
  const { settings } = targetRow;
  const own = settings.kind === 'folder' ? [profile.root, settings.path] : [profile.root];
  return own.map((path) => Buffer.from(path));
}

interface TakenFolder {
  readonly root: Root;
  readonly found: FoundFolder;
  readonly node: FolderNode;
}

class Scan {
  readonly #job: BackupJob;
  readonly #nodes: FolderNodes;
  readonly #read: (files: readonly FileToRead[]) => Promise<void>;
  #batch: TakenFolder[] = [];
  #entries = 0;
  /** Found in comparing, to be recorded with those of the walk. */
  readonly #problems: Problem[] = [];

  constructor(job: BackupJob, nodes: FolderNodes, read: (files: readonly FileToRead[]) => Promise<void>) {
    this.#job = job;
    this.#nodes = nodes;
    this.#read = read;
  }

  /** Sources are entries of the top; one that left the plan is gone from there, one that is absent is not. */
  async recordRoots(top: FolderId, roots: readonly Root[], absent: readonly Problem[]): Promise<void> {
    const { catalog, snapshot, run, plan, meter } = this.#job;
    const known = (await currentEntriesOf(catalog, [top])).get(top)?.entries ?? [];
    const gone = known.filter(({ name }) => !plan.sources.some((source) => source.equals(name)));
    meter.counts.problems += absent.length;
    await catalog.transaction(async (tx) => {
      await addProblems(tx, run, absent);
      await putEntries(
        tx,
        snapshot,
        roots.map(({ entry }) => ({ folder: top, entry })),
      );
      await removeEntries(
        tx,
        snapshot,
        gone.map(({ name }) => ({ folder: top, name })),
      );
    });
  }

  async take(root: Root, found: FoundFolder): Promise<void> {
    const node = this.#nodes.enter([root.entry.name, ...found.names]);
    this.#batch.push({ root, found, node });
    this.#entries += found.entries.length;
    if (this.#batch.length >= BATCH_FOLDERS || this.#entries >= BATCH_ENTRIES) await this.flush();
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#entries = 0;
    if (batch.length === 0) return;
    await this.#number(batch.map(({ node }) => node));
    const known = await currentEntriesOf(
      this.#job.catalog,
      batch.map(({ node }) => idOf(node)),
    );
    const puts: EntryPut[] = [];
    const gone: EntryPlace[] = [];
    const toRead: FileToRead[] = [];
    for (const taken of batch) {
      const folder = idOf(taken.node);
      this.#compare(taken, folder, known.get(folder)?.entries ?? [], puts, gone, toRead);
    }
    const problems = [...batch.flatMap(({ found }) => found.problems), ...this.#problems.splice(0)];
    await this.#record(puts, gone, problems);
    this.#job.meter.tick();
    await this.#read(toRead);
    await nextTurn();
  }

  async #number(nodes: readonly FolderNode[]): Promise<void> {
    if (nodes.every(({ id }) => id !== undefined)) return;
    await this.#job.catalog.transaction((tx) => this.#nodes.number(tx, nodes));
  }

  #compare(
    { root, found, node }: TakenFolder,
    folder: FolderId,
    known: readonly Entry[],
    puts: EntryPut[],
    gone: EntryPlace[],
    toRead: FileToRead[],
  ): void {
    const { meter } = this.#job;
    const isEmptied = found.names.length === 0 && this.#isEmptied(root, found, known);
    const isWhole = found.complete && !isEmptied;
    const changes = compareFolder(found.entries, known, isWhole);
    for (const entry of changes.put) puts.push({ folder, entry });
    for (const name of changes.gone) gone.push({ folder, name });
    const knownFiles = changes.read.length > 0 ? filesByName(known) : new Map<string, FileEntry>();
    for (const file of changes.read) {
      const path = Buffer.concat(
        found.path.at(-1) === SLASH ? [found.path, file.name] : [found.path, slash, file.name],
      );
      toRead.push({ folder, path, found: file, known: knownFiles.get(file.name.toString('latin1')) ?? null });
      meter.toReadBytes += file.size;
    }
    meter.counts.folders += node.parent === null ? 0 : 1;
    for (const entry of found.entries) {
      if (entry.kind === 'folder') continue;
      meter.counts.files++;
      meter.counts.bytes += entry.kind === 'file' ? entry.size : 0;
    }
  }

  /**
   * Step 2: an empty mount point looks like a source from which everything was deleted, and one that cannot be read
   * like one that never held anything.
   * @returns true when what was saved of it is to stay as it is
   */
  #isEmptied({ entry }: Root, found: FoundFolder, known: readonly Entry[]): boolean {
    if (found.entries.length > 0) return false;
    const isOnly = this.#job.plan.sources.length === 1;
    if (!found.complete) {
      if (isOnly && known.length === 0) throw unreadableSource(entry.name);
      return true;
    }
    if (this.#job.acceptEmptySource || known.length === 0) return false;
    const emptied = emptiedSource(entry.name);
    if (isOnly) throw emptied;
    this.#problems.push({
      path: entry.name,
      kind: 'changed',
      message: `${emptied.message} ${emptied.advice}`,
    });
    return true;
  }

  async #record(
    puts: readonly EntryPut[],
    gone: readonly EntryPlace[],
    problems: readonly Problem[],
  ): Promise<void> {
    const { catalog, snapshot, run, meter } = this.#job;
    for (const { kind } of problems) {
      if (kind === 'skipped') meter.counts.skipped++;
      else meter.counts.problems++;
    }
    if (puts.length + gone.length + problems.length === 0) return;
    await catalog.transaction(async (tx) => {
      // Gone before put: a folder that gave way to a file of the same name takes what was below it along.
      meter.counts.gone += await removeEntries(tx, snapshot, gone);
      await putEntries(tx, snapshot, puts);
      await addProblems(tx, run, problems);
    });
  }
}

function emptiedSource(name: Buffer): EngineError {
  return new EngineError(
    'changed',
    `The source folder ${name.toString()} held files and is empty now.`,
    'Connect the disk it lies on. If it was emptied on purpose, run it again with --accept-empty.',
    { safe: 'Nothing was recorded as deleted; all snapshots are as they were.' },
  );
}

function unreadableSource(name: Buffer): EngineError {
  return new EngineError(
    'unreadable',
    `The source folder ${name.toString()} cannot be read.`,
    'Check its permissions, or run Permafrost as a user who may read it.',
    { safe: 'No snapshot was made.' },
  );
}

const SLASH = 0x2f;
const slash = Buffer.from('/');

function filesByName(entries: readonly Entry[]): Map<string, FileEntry> {
  const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  return new Map(files.map((file) => [file.name.toString('latin1'), file]));
}
