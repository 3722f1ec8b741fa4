import type { EntryLine } from '../../../shared/types.ts';
import type { Entry } from '../entry.ts';
import { joinPath } from '../snapshotPath.ts';

/** An entry as hosts see it. `parent`: names from the source's full path down; none for a source itself. */
export function entryLine(entry: Entry, parent: readonly Buffer[]): EntryLine {
  const path = joinPath([...parent, entry.name]);
  return {
    name: entry.name.toString(),
    path: path.toString(),
    ref: path.toString('base64'),
    kind: entry.kind,
    size: entry.kind === 'file' ? entry.size : 0,
    mode: entry.mode,
    modifiedAt: entry.mtime.s * 1000 + Math.floor(entry.mtime.ns / 1_000_000),
    linkTo: entry.kind === 'symlink' ? entry.to.toString() : null,
  };
}
