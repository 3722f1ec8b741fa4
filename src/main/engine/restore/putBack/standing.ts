/**
 * What stands where a restored file or link belongs: nothing, the very same thing, or something else.
 *
 * The name itself is looked at first, then the numbered names beside it, because an earlier run may have put it there.
 */
import { closeSync, constants, lstatSync, openSync, readlinkSync, type BigIntStats } from 'node:fs';
import { errorCode } from '../../failure.ts';
import { conflictName, nameOnDisk, type NameRules } from '../names.ts';
import type { ReadAt } from '../treeWriter.ts';
import { openOwn } from '../writing/folderHandle.ts';
import type { Names, OpenFolders } from '../writing/openFolders.ts';
import { readAll } from '../writing/temporaryFile.ts';
import type { ThingKind } from '../../../../shared/types.ts';

/** One thing on disk: two names with the same identity are the same file. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface Found extends Identity {
  /** The name it has on disk. */
  readonly name: Buffer;
}

export type Standing =
  | { readonly is: 'nothing' }
  /** `first`: what has the name itself, where the same stands beside it under a numbered one; else null. */
  | { readonly is: 'same'; readonly found: Found; readonly first: ThingKind | null }
  | { readonly is: 'other'; readonly kind: ThingKind };

/** A tree on disk in which names are looked up; `own`: made by a restore, so a mode that shuts us out may be lifted. */
export interface LookedAt {
  readonly folders: OpenFolders;
  readonly rules: NameRules;
  readonly own: boolean;
}

const READ = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);

/**
 * @param isRight reads what has the right size, and says whether it is that file; gets its descriptor too
 */
export async function standingFile(
  tree: LookedAt,
  names: Names,
  size: number,
  isRight: (read: ReadAt, descriptor: number) => Promise<boolean>,
): Promise<Standing> {
  return standing(tree, names, async (path, stat) => {
    if (!stat.isFile() || Number(stat.size) !== size) return false;
    const descriptor = opened(path(), tree.own);
    if (descriptor === null) return false;
    try {
      return await isRight((into, offset) => readAll(descriptor, into, offset), descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** @param to what the link points to */
export async function standingLink(tree: LookedAt, names: Names, to: Buffer): Promise<Standing> {
  return standing(tree, names, (path, stat) =>
    Promise.resolve(stat.isSymbolicLink() && readlinkSync(path(), { encoding: 'buffer' }).equals(to)),
  );
}

/** A name is only the same if the folder's own listing has exactly it: what merely answers to it is another's. */
async function standing(
  { folders, rules }: LookedAt,
  names: Names,
  isSame: (path: () => Buffer, stat: BigIntStats) => Promise<boolean>,
): Promise<Standing> {
  const folder = names.slice(0, -1);
  const wanted = nameOnDisk(names.at(-1) ?? Buffer.alloc(0), rules);
  let first: ThingKind | null = null;
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : conflictName(wanted, number);
    const stat = folders.with(folder, (handle) =>
      lstatSync(handle.at(name), { bigint: true, throwIfNoEntry: false }),
    );
    if (stat === undefined) return first === null ? { is: 'nothing' } : { is: 'other', kind: first };
    const isFirst = first === null;
    first ??= kindOf(stat);
    // The path is good for one call right away.
    const path = (): Buffer => folders.with(folder, (handle) => handle.at(name));
    if (!folders.has(folder, name) || !(await isSame(path, stat))) continue;
    return { is: 'same', found: { name, dev: stat.dev, ino: stat.ino }, first: isFirst ? null : first };
  }
}

export function kindOf(stat: Pick<BigIntStats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): ThingKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  return stat.isSymbolicLink() ? 'link' : 'special';
}

/** Null for what may not be read: whether it is the same cannot be known then. */
function opened(path: Buffer, own: boolean): number | null {
  try {
    return own ? openOwn(path, READ, 0o600) : openSync(path, READ);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return null;
  }
}
