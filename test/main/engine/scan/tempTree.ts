/** Temp folders for tests of trees that ordinary tools stumble over: very deep ones, unreadable ones. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Thousands of files are made in memory where there is such a place: a busy disk takes seconds for them. */
const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A new folder, removed with all that is in it when the test ends. */
export function tempTree(): string {
  const folder = mkdtempSync(join(memoryOrDisk, 'permafrost-tree-'));
  onTestFinished(() => {
    // Quick at any depth, where Node's own rmSync takes seconds.
    if (process.platform === 'win32') return;
    execFileSync('chmod', ['-R', 'u+rwX', folder]);
    execFileSync('rm', ['-rf', folder]);
  });
  return folder;
}

/** Bytes of a path from text: each character below U+0100 is the byte of that number. */
export function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}

/** Makes folders inside one another below `top` until the path has at least `length` bytes (Linux). */
export function makeDeep(top: string, length: number, name: string): Buffer {
  const levels = Math.max(0, Math.ceil((length - top.length) / (name.length + 1)));
  let folder = openSync(top, 'r');
  for (let i = 0; i < levels; i++) {
    const path = `/proc/self/fd/${folder}/${name}`;
    mkdirSync(path);
    const inner = openSync(path, 'r');
    closeSync(folder);
    folder = inner;
  }
  closeSync(folder);
  return Buffer.from(top + `/${name}`.repeat(levels));
}

/** Does `act` without the rights of a superuser: permissions mean nothing to one. */
export async function asOrdinaryUser<T>(act: () => Promise<T> | T): Promise<T> {
  const isSuperuser = process.geteuid?.() === 0;
  if (!isSuperuser) return await act();
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
