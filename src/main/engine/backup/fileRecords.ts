/** Turns what the workers report of files into entries of the running snapshot. */
import { putEntries, type EntryPut } from '../catalog/entries.ts';
import { refreshEntries } from '../catalog/refresh.ts';
import { addProblems } from '../catalog/runs.ts';
import type { FileEntry, FoundFile, Problem } from '../entry.ts';
import type { BackupJob } from './backupJob.ts';
import type { PackedFile } from './packing.ts';
import type { FileToRead } from './scanSources.ts';

const FLUSH_ROWS = 1000;

/** Remembers files that are being read, and records them as they come back, many at a time. */
export class FileRecords {
  readonly #job: BackupJob;
  readonly #reading = new Map<number, FileToRead>();
  #nextKey = 1;
  #puts: EntryPut[] = [];
  #refreshed: EntryPut[] = [];
  #problems: Problem[] = [];

  constructor(job: BackupJob) {
    this.#job = job;
  }

  /** A key by which the workers' answer names the file. */
  expect(file: FileToRead): number {
    this.#reading.set(this.#nextKey, file);
    return this.#nextKey++;
  }

  async add(files: readonly PackedFile[]): Promise<void> {
    for (const file of files) this.#take(file);
    this.#job.meter.tick();
    if (this.#puts.length + this.#refreshed.length + this.#problems.length >= FLUSH_ROWS) await this.flush();
  }

  async flush(): Promise<void> {
    const puts = this.#puts.splice(0);
    const refreshed = this.#refreshed.splice(0);
    const problems = this.#problems.splice(0);
    if (puts.length + refreshed.length + problems.length === 0) return;
    const { catalog, snapshot, run } = this.#job;
    await catalog.transaction(async (tx) => {
      await putEntries(tx, snapshot, puts);
      await refreshEntries(tx, refreshed);
      await addProblems(tx, run, problems);
    });
  }

  #take(file: PackedFile): void {
    const expected = this.#reading.get(file.key);
    if (expected === undefined) throw new RangeError('a file nobody asked for');
    this.#reading.delete(file.key);
    const { counts } = this.#job.meter;
    const { folder, path, known, found } = expected;
    if (file.kind === 'failed') {
      counts.problems++;
      this.#job.meter.toReadBytes -= found.size;
      this.#problems.push({ path, kind: file.problem, message: file.message });
      return;
    }
    const entry: FileEntry = { ...found, ...file.found, content: file.content, ...flagsOf(file, found) };
    counts.readFiles++;
    counts.readBytes += entry.size;
    counts.newBytes += file.newBytes;
    this.#job.meter.toReadBytes += entry.size - found.size;
    if (entry.inconsistent) {
      counts.problems++;
      const message = 'It changed each time it was read; what was read last is saved and marked.';
      this.#problems.push({ path, kind: 'changed', message });
    }
    if (known !== null && looksTheSame(entry, known)) this.#refreshed.push({ folder, entry });
    else this.#puts.push({ folder, entry });
  }
}

/**
 * Mode, owner and names are those that the walk saw. If anything about the file moved since, the next run looks again,
 * though its content was read.
 */
function flagsOf(
  { inconsistent, settled, found }: PackedFile & { readonly kind: 'packed' },
  walked: FoundFile,
) {
  const isAsWalked = found.ctime.s === walked.ctime.s && found.ctime.ns === walked.ctime.ns;
  return { inconsistent, settled: settled && isAsWalked };
}

/** Whether a snapshot would show the two alike: everything but what only tells the next run that it changed. */
function looksTheSame(a: FileEntry, b: FileEntry): boolean {
  return (
    a.size === b.size &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime.s === b.mtime.s &&
    a.mtime.ns === b.mtime.ns &&
    a.inode === b.inode &&
    a.sparse === b.sparse &&
    a.inconsistent === b.inconsistent &&
    a.content.hash.equals(b.content.hash) &&
    a.content.runs.length === b.content.runs.length &&
    a.content.runs.every((value, i) => value === b.content.runs[i])
  );
}
