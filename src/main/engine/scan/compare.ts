/**
 * What has changed in a folder since the catalog last saw it.
 *
 * A file counts as unchanged, and is not read, only if everything the system tells about its content is as it was:
 * size, both times, inode. Whoever writes to a file, or changes its mode or owner, moves its ctime. The one gap, a
 * change within the clock tick in which the file was read, is closed by `settled`: such a file is read again.
 */
import type { Entry, FileTime, FolderEntry, FoundEntry, FoundFile, SymlinkEntry } from '../entry.ts';

export interface FolderChanges {
  /** Folders and links that are new or whose metadata changed. */
  readonly put: readonly (FolderEntry | SymlinkEntry)[];
  /** Files that are new or may have changed: to be read. */
  readonly read: readonly FoundFile[];
  /** Names that are as they were. */
  readonly same: number;
  /**
   * Names to be removed, with all that was below them, before the others are put: they are no longer there, or no
   * longer a folder. A name that was not seen in an incomplete folder is not among them.
   */
  readonly gone: readonly Buffer[];
}

/**
 * Both lists sorted by name as bytes, each name once.
 * @param complete whether every name in the folder was seen
 */
export function compareFolder(
  found: readonly FoundEntry[],
  known: readonly Entry[],
  complete: boolean,
): FolderChanges {
  const put: (FolderEntry | SymlinkEntry)[] = [];
  const read: FoundFile[] = [];
  const gone: Buffer[] = [];
  let same = 0;
  let at = 0;
  for (const entry of found) {
    let before = known[at];
    while (before !== undefined && Buffer.compare(before.name, entry.name) < 0) {
      if (complete) gone.push(before.name);
      before = known[++at];
    }
    if (before?.name.equals(entry.name)) at += 1;
    else before = undefined;
    if (before !== undefined && isSame(entry, before)) {
      same += 1;
      continue;
    }
    if (before?.kind === 'folder' && entry.kind !== 'folder') gone.push(before.name);
    if (entry.kind === 'file') read.push(entry);
    else put.push(entry);
  }
  if (complete) for (const { name } of known.slice(at)) gone.push(name);
  return { put, read, same, gone };
}

function isSame(found: FoundEntry, known: Entry): boolean {
  switch (found.kind) {
    case 'file':
      return known.kind === 'file' && known.settled && isSameFile(found, known);
    case 'folder':
      return known.kind === 'folder' && hasSameMetadata(found, known);
    case 'symlink':
      return known.kind === 'symlink' && hasSameMetadata(found, known) && found.to.equals(known.to);
  }
}

/** Mode and owner need no look: neither changes without ctime. */
function isSameFile(found: FoundFile, known: FoundFile): boolean {
  return (
    found.size === known.size &&
    isSameTime(found.mtime, known.mtime) &&
    isSameTime(found.ctime, known.ctime) &&
    (found.ino === known.ino || found.ino === 0 || known.ino === 0)
  );
}

function hasSameMetadata(a: FolderEntry | SymlinkEntry, b: FolderEntry | SymlinkEntry): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && isSameTime(a.mtime, b.mtime);
}

function isSameTime(a: FileTime, b: FileTime): boolean {
  return a.s === b.s && a.ns === b.ns;
}
