/**
 * Removes everything below a folder that we made, whatever was restored into it: folders without rights, names that
 * are not UTF-8, paths longer than the system takes.
 */
import { chmodSync, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const SLASH = Buffer.from('/');
/** Folders further down are first moved up to the top, so that no path gets too long. */
const LONGEST_PATH = 2000;

/** Links are removed, never followed. No error if `root` does not exist. */
export async function removeTree(root: string): Promise<void> {
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return;
  const top = Buffer.from(root);
  const open: Buffer[] = [top];
  let moved = 0;
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    const inside = emptyOut(folder);
    if (inside.length === 0) {
      rmdirSync(folder);
      open.pop();
    }
    for (const child of inside) {
      if (child.length <= LONGEST_PATH) {
        open.push(child);
        continue;
      }
      makeWritable(child); // else it may not change its parent
      const near = Buffer.concat([top, SLASH, Buffer.from(`.permafrost-demo-${moved++}`)]);
      renameSync(child, near);
    }
    await setImmediate();
  }
}

/** Removes what is not a folder; returns the folders that are left. */
function emptyOut(folder: Buffer): Buffer[] {
  makeWritable(folder);
  const inside: Buffer[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, SLASH, entry.name]);
    if (entry.isDirectory()) inside.push(path);
    else unlinkSync(path);
  }
  return inside;
}

/** Restored folders may lack the right to be changed, even by their owner. */
function makeWritable(folder: Buffer): void {
  if (process.platform !== 'win32') chmodSync(folder, 0o700);
}
