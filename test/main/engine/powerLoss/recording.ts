/** Builds the recorder (recorder.c), and reads what it wrote. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of a file, folder or link: its inode number. */
export type Inode = bigint;

/** One thing that was done to a file system, in the order in which it was done. Names are one character a byte. */
export type Act =
  | ({
      readonly kind: 'created';
      readonly folder: Inode;
      readonly name: string;
      readonly inode: Inode;
    } & Moded)
  | ({
      readonly kind: 'folder-made';
      readonly folder: Inode;
      readonly name: string;
      readonly inode: Inode;
    } & Moded)
  | {
      readonly kind: 'link-made';
      readonly folder: Inode;
      readonly name: string;
      readonly inode: Inode;
      readonly to: Buffer;
    }
  | { readonly kind: 'named'; readonly folder: Inode; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'unnamed'; readonly folder: Inode; readonly name: string }
  | {
      readonly kind: 'renamed';
      readonly from: { readonly folder: Inode; readonly name: string };
      readonly to: { readonly folder: Inode; readonly name: string };
    }
  | { readonly kind: 'written'; readonly inode: Inode; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'sized'; readonly inode: Inode; readonly size: number }
  | ({ readonly kind: 'mode-set'; readonly inode: Inode } & Moded)
  | { readonly kind: 'time-set'; readonly inode: Inode; readonly mtime: Mtime }
  | Sync;

interface Moded {
  readonly mode: number;
}

/** `data`: modes and times are not part of it (fdatasync). `null`: everything there is. */
export interface Sync {
  readonly kind: 'synced';
  readonly inode: Inode | null;
  readonly data: boolean;
}

export interface Mtime {
  readonly s: number;
  readonly ns: number;
}

const HEADER_BYTES = 40;

/**
 * Compiles the recorder into `folder`; returns its path, to be set as LD_PRELOAD.
 * @throws Error that says what is missing
 */
export function buildRecorder(folder: string): string {
  const library = join(folder, 'recorder.so');
  const source = join(import.meta.dirname, 'recorder.c');
  const options = ['-shared', '-fPIC', '-O1', '-Wall', '-o', library, source, '-ldl', '-lpthread'];
  const { error, status, stderr } = spawnSync('cc', options, { encoding: 'utf8' });
  if (status === 0) return library;
  throw new Error(
    `Power loss is recorded on Linux, with a C compiler by the name of cc: ${error?.message ?? stderr}`,
  );
}

/** What a process needs in its environment to be recorded. Node's own io_uring would go past the recorder. */
export function recordedBy(library: string, log: string): Readonly<Record<string, string>> {
  return { LD_PRELOAD: library, PERMAFROST_RECORD: log, UV_USE_IO_URING: '0' };
}

/** @throws Error when something was done that the recorder cannot see into */
export function readRecording(log: string): Act[] {
  const bytes = readFileSync(log);
  const acts: Act[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    acts.push(actOf(bytes.subarray(at, at + length)));
    at += length;
  }
  return acts;
}

/** The layout is that of `struct record`, its kinds those of `enum act`. */
function actOf(record: Buffer): Act {
  const first = record.readBigUInt64LE(8);
  const second = record.readBigUInt64LE(16);
  const number = Number(record.readBigInt64LE(24));
  const nameEnd = HEADER_BYTES + record.readUInt32LE(32);
  const otherEnd = nameEnd + record.readUInt32LE(36);
  const name = record.toString('latin1', HEADER_BYTES, nameEnd);
  const other = record.toString('latin1', nameEnd, otherEnd);
  const data = record.subarray(otherEnd);
  const kind = record.readUInt32LE(4);
  switch (kind) {
    case 1:
      return { kind: 'created', folder: first, name, inode: second, mode: number };
    case 2:
      return { kind: 'folder-made', folder: first, name, inode: second, mode: number };
    case 3:
      return { kind: 'link-made', folder: first, name, inode: second, to: data };
    case 4:
      return { kind: 'named', folder: first, name, inode: second };
    case 5:
      return { kind: 'unnamed', folder: first, name };
    case 6:
      return { kind: 'renamed', from: { folder: first, name }, to: { folder: second, name: other } };
    case 7:
      return { kind: 'written', inode: first, offset: number, bytes: data };
    case 8:
      return { kind: 'sized', inode: first, size: number };
    case 9:
      return { kind: 'synced', inode: first, data: number === 1 };
    case 10:
      return { kind: 'synced', inode: null, data: false };
    case 11:
      return { kind: 'mode-set', inode: first, mode: number };
    case 12:
      return { kind: 'time-set', inode: first, mtime: { s: number, ns: Number(second) } };
    default:
      throw new Error(`the recorder cannot see into ${kind === 13 ? name : `acts of kind ${kind}`}`);
  }
}
