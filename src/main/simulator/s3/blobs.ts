/**
 * The bytes of objects and parts, each body in a plain file under a name of its own making: keys never become paths.
 *
 * A file is written once and not touched again. The record in the journal is what makes it part of an object, so a
 * kill leaves at worst a file nobody knows, which the next start removes. A file that is removed while it is being
 * sent is kept until it has been.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Durability } from '../journal.ts';

const BUFFER_BYTES = 1024 * 1024;

export interface Blobs {
  /**
   * Stores what `source` gives and resolves with the file's name, once it is as durable as asked. Small bodies get
   * small buffers where `expectedBytes` is known.
   */
  write(source: AsyncIterable<Buffer>, expectedBytes: number | null): Promise<string>;
  /** Bytes of files one after another: `length` from `first` on. */
  read(
    pieces: readonly { readonly blob: string; readonly bytes: number }[],
    first: number,
    length: number,
  ): AsyncGenerator<Buffer>;
  remove(blobs: Iterable<string>): Promise<void>;
  /** Removes what is not `known`. */
  removeAllBut(known: ReadonlySet<string>): Promise<void>;
}

/** Files in `dir`, which exists; they are spread over subfolders by the end of the name. */
export function openBlobs(dir: string, durability: Durability): Blobs {
  const shards = new Map<string, Promise<void>>();
  /** How many are reading a file. */
  const readers = new Map<string, number>();
  const doomed = new Set<string>();
  const path = (blob: string): string => join(dir, blob.slice(-2), blob);

  const makeShard = async (shard: string): Promise<void> => {
    await mkdir(join(dir, shard), { recursive: true });
    if (durability === 'fsync') await syncFolder(dir);
  };
  const ready = (blob: string): Promise<void> => {
    const shard = blob.slice(-2);
    const made = shards.get(shard) ?? makeShard(shard);
    shards.set(shard, made);
    made.catch(() => shards.delete(shard));
    return made;
  };
  const remove = async (blobs: Iterable<string>): Promise<void> => {
    for (const blob of blobs) {
      if (readers.has(blob)) doomed.add(blob);
      else await rm(path(blob), { force: true });
    }
  };
  const release = async (blob: string): Promise<void> => {
    const left = (readers.get(blob) ?? 1) - 1;
    if (left > 0) {
      readers.set(blob, left);
      return;
    }
    readers.delete(blob);
    if (doomed.delete(blob)) await rm(path(blob), { force: true });
  };

  return {
    write: async (source, expectedBytes) => {
      const blob = randomBytes(16).toString('hex');
      await ready(blob);
      const file = await open(path(blob), 'wx', 0o644);
      try {
        await writeThrough(source, file, Math.max(1, Math.min(BUFFER_BYTES, expectedBytes ?? BUFFER_BYTES)));
        if (durability === 'fsync') {
          await file.datasync();
          await syncFolder(join(path(blob), '..'));
        }
      } catch (error) {
        await file.close();
        await rm(path(blob), { force: true });
        throw error;
      }
      await file.close();
      return blob;
    },
    async *read(pieces, first, length) {
      for (const { blob } of pieces) readers.set(blob, (readers.get(blob) ?? 0) + 1);
      try {
        let start = 0;
        for (const { blob, bytes } of pieces) {
          const from = Math.max(first - start, 0);
          const to = Math.min(first + length - start, bytes);
          if (from < to) yield* readFile(path(blob), from, to);
          start += bytes;
        }
      } finally {
        for (const { blob } of pieces) await release(blob);
      }
    },
    remove,
    removeAllBut: async (known) => {
      for (const shard of await readdir(dir)) {
        for (const name of await readdir(join(dir, shard)))
          if (!known.has(name)) await rm(join(dir, shard, name), { force: true });
      }
    },
  };
}

async function* readFile(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    const stream = file.createReadStream({
      start: from,
      end: to - 1,
      highWaterMark: BUFFER_BYTES,
      autoClose: false,
    });
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    await file.close();
  }
}

/** Two buffers take turns, so a write may run while the next bytes come in; memory does not grow with the body. */
async function writeThrough(
  source: AsyncIterable<Buffer>,
  file: FileHandle,
  bufferBytes: number,
): Promise<void> {
  const buffers: Buffer[] = [];
  let writing = Promise.resolve();
  let turn = 0;
  let filled = 0;
  let position = 0;
  const flush = async (): Promise<void> => {
    const full = buffers[turn]?.subarray(0, filled) ?? Buffer.alloc(0);
    const before = writing;
    const offset = position;
    await before;
    writing = writeAll(file, full, offset);
    writing.catch(() => undefined); // awaited with the next buffer or at the end
    position += filled;
    filled = 0;
    turn = 1 - turn;
  };
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length;) {
        const buffer = (buffers[turn] ??= Buffer.allocUnsafeSlow(bufferBytes));
        const copied = chunk.copy(buffer, filled, at);
        at += copied;
        filled += copied;
        if (filled === bufferBytes) await flush();
      }
    }
    if (filled > 0) await flush();
  } finally {
    await writing.catch(() => undefined);
  }
  await writing;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

/** Makes names in a folder durable; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
