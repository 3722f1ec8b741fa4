/** From what the system says about a name to an entry. */
import type { BigIntStats } from 'node:fs';
import { sha256 } from '../crypto.ts';
import type { FileTime, FolderEntry, FoundFile, SymlinkEntry } from '../entry.ts';

const NS_PER_S = 1_000_000_000n;
const PERMISSION_BITS = 0o7777n;
/** What `st_blocks` counts, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512n;

export function foundFolder(name: Buffer, stat: BigIntStats): FolderEntry {
  return { kind: 'folder', ...ownership(name, stat) };
}

export function foundSymlink(name: Buffer, stat: BigIntStats, to: Buffer): SymlinkEntry {
  return { kind: 'symlink', ...ownership(name, stat), to };
}

export function foundFile(name: Buffer, stat: BigIntStats): FoundFile {
  // Windows has no inode change time that programs set like others do, and its file numbers do not last.
  const hasInodes = process.platform !== 'win32';
  return {
    kind: 'file',
    ...ownership(name, stat),
    size: Number(stat.size),
    ctime: fileTime(hasInodes ? stat.ctimeNs : stat.mtimeNs),
    ino: hasInodes ? Number(BigInt.asUintN(52, stat.ino)) : 0,
    inode: stat.nlink > 1n ? sharedNumber(stat) : null,
    sparse: stat.blocks * BLOCK_BYTES < stat.size,
  };
}

/** What `Named` has. Kinds without permissions of their own (links) keep what the system says. */
function ownership(name: Buffer, stat: BigIntStats) {
  const mode = Number(stat.mode & PERMISSION_BITS);
  return { name, mode, uid: Number(stat.uid), gid: Number(stat.gid), mtime: fileTime(stat.mtimeNs) };
}

function fileTime(ns: bigint): FileTime {
  const s = Number(ns / NS_PER_S);
  const rest = Number(ns % NS_PER_S);
  return rest < 0 ? { s: s - 1, ns: rest + 1_000_000_000 } : { s, ns: rest };
}

/** 48 bits, so that it fits a number anywhere; device and inode together would not. */
function sharedNumber(stat: BigIntStats): number {
  return sha256(Buffer.from(`${stat.dev}:${stat.ino}`)).readUIntBE(0, 6);
}
