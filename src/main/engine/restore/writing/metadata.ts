/** Owner, mode and time of what is restored. */
import * as fs from 'node:fs';
import type { FileTime } from '../../entry.ts';
import { errorCode } from '../../failure.ts';

export interface Metadata {
  readonly mode: number;
  readonly mtime: FileTime;
  readonly uid: number;
  readonly gid: number;
}

export interface MetadataWishes {
  /** Give each its owner and group by number. */
  readonly ownership: boolean;
  /** Set setuid, setgid and sticky too. */
  readonly specialBits: boolean;
}

/** Setuid, setgid and sticky: a stranger's backup must not plant a program that runs as its owner. */
const SPECIAL_BITS = 0o7000;
const NS_PER_US = 1_000;

export interface Applied {
  /** What could not be set, in words; empty when all is as wanted, times to the microsecond. */
  readonly problems: readonly string[];
  /** What the system says afterwards. */
  readonly size: number;
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * Sets all that is wanted on an open file or folder, owner first (it clears mode bits) and time last, then looks at
 * what came of it.
 */
export function applyMetadata(descriptor: number, wanted: Metadata, wishes: MetadataWishes): Applied {
  const time = timeArgument(wanted.mtime);
  const mode = wishes.specialBits ? wanted.mode : wanted.mode & ~SPECIAL_BITS;
  const problems = [
    ...(wishes.ownership ? attempt('owner', () => fs.fchownSync(descriptor, wanted.uid, wanted.gid)) : []),
    ...attempt('mode', () => fs.fchmodSync(descriptor, mode)),
    ...attempt('time', () => fs.futimesSync(descriptor, time, time)),
  ];
  const stat = fs.fstatSync(descriptor, { bigint: true });
  const found = { size: Number(stat.size), dev: stat.dev, ino: stat.ino };
  if (problems.length > 0) return { problems, ...found };
  const hasMode = process.platform === 'win32' || Number(stat.mode & 0o7777n) === mode;
  const kept = [
    ...(hasMode ? [] : ['Its mode could not be kept by this file system.']),
    ...(isSameMicrosecond(stat.mtimeNs, wanted.mtime)
      ? []
      : ['Its time could not be kept by this file system.']),
  ];
  return { problems: kept, ...found };
}

/** The same for a link, by a path that is good for this call; a link has no mode. */
export function applyLinkMetadata(path: Buffer, wanted: Metadata, wishes: MetadataWishes): string[] {
  const time = timeArgument(wanted.mtime);
  return [
    ...(wishes.ownership ? attempt('owner', () => fs.lchownSync(path, wanted.uid, wanted.gid)) : []),
    ...attempt('time', () => fs.lutimesSync(path, time, time)),
  ];
}

/** For a folder where folders cannot be opened (Windows): its time is all it has. */
export function applyFolderTime(path: Buffer, mtime: FileTime): string[] {
  const time = timeArgument(mtime);
  return attempt('time', () => fs.utimesSync(path, time, time));
}

function attempt(what: string, act: () => void): string[] {
  try {
    act();
    return [];
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return [`Its ${what} could not be set (${code}).`];
  }
}

/**
 * A time as Node takes it: seconds as a number, which keeps about a quarter of a microsecond today (and a whole one
 * until 2106), so the neighbour is taken where rounding would end in another microsecond. As text, because Node takes a number below zero for "now".
 */
export function timeArgument(time: FileTime): string {
  const seconds = time.s + time.ns / 1e9;
  const step = 2 ** (Math.floor(Math.log2(Math.max(1, Math.abs(seconds)))) - 52);
  const candidates = [seconds, seconds + step, seconds - step];
  const best = candidates.find((t) => isSameMicrosecond(nanosecondsOf(t), time)) ?? seconds;
  return String(best);
}

/** What the system is given for such a number: whole seconds, and the rest cut to nanoseconds. */
function nanosecondsOf(seconds: number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e9));
}

function isSameMicrosecond(ns: bigint, time: FileTime): boolean {
  const wanted = BigInt(time.s) * 1_000_000n + BigInt(Math.floor(time.ns / NS_PER_US));
  return floorDivide(ns, BigInt(NS_PER_US)) === wanted;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
