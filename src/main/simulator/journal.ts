/**
 * An append-only file of JSON lines, one line per atomic change.
 *
 * A line counts once its newline is in the file: opening cuts off a line torn by a kill. Lines that wait while a
 * write is under way go out together (and, if asked, under one fdatasync), so many small changes at once cost few
 * writes. A failed write is cut off again and tried once more with the next append, so no later line can land
 * before an earlier one.
 */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';

export type Durability = 'fsync' | 'none';

interface Journal {
  /** Resolves when the line is in the file, or on the disk with 'fsync'. Lines keep the order of the calls. */
  append(value: unknown): Promise<void>;
  /** Waits for what was appended, then closes. */
  close(): Promise<void>;
}

/** All values of the journal in order. A torn last line is cut off. @throws Error if an earlier line is damaged. */
export function readJournal(path: string): unknown[] {
  const file = openSync(path, 'a+');
  try {
    const bytes = readFileSync(file);
    const values: unknown[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      values.push(parseLine(bytes.toString('utf8', start, end), path, values.length + 1));
      start = end + 1;
    }
    if (start < bytes.length) ftruncateSync(file, start);
    return values;
  } finally {
    closeSync(file);
  }
}

function parseLine(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(`The simulator's journal ${path} is damaged at line ${number}.`, { cause });
  }
}

/** Replaces the journal by one with these values; after a kill the old or the new one is there. */
export function rewriteJournal(path: string, values: Iterable<unknown>): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w');
  try {
    let batch = '';
    for (const value of values) {
      batch += `${JSON.stringify(value)}\n`;
      if (batch.length < 1 << 20) continue;
      writeSync(file, batch);
      batch = '';
    }
    if (batch !== '') writeSync(file, batch);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

interface Waiting {
  readonly line: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Opens a journal whose end is sound (see `readJournal`) for appending. */
export async function openJournal(path: string, durability: Durability): Promise<Journal> {
  const file = await open(path, 'a');
  let length = (await file.stat()).size;
  let unwritten = '';
  let queue: Waiting[] = [];
  let running: Promise<void> | null = null;

  const writeBatch = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
      if (durability === 'fsync') await file.datasync();
      length += bytes.length;
    } catch (error) {
      await file.truncate(length).catch(() => undefined);
      throw error;
    }
  };
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      unwritten += batch.map(({ line }) => line).join('');
      try {
        await writeBatch(unwritten);
        unwritten = '';
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    running = null;
  };

  return {
    append: (value) =>
      new Promise((done, failed) => {
        queue.push({ line: `${JSON.stringify(value)}\n`, done, failed });
        running ??= run();
      }),
    close: async () => {
      await running;
      try {
        if (unwritten !== '') await writeBatch(unwritten);
      } finally {
        await file.close();
      }
    },
  };
}
