import { folderNames } from '../snapshotPath.ts';
import type { FolderTable } from './folderTable.ts';

/** Where folders of an order lie below its destination, by number: under their source folder's own name. */
export function placesBelow(
  sources: readonly Buffer[],
  folders: FolderTable,
): (folder: number) => readonly Buffer[] {
  const tops = folderNames(sources);
  let last = { folder: -1, names: [] as readonly Buffer[] };
  return (folder) => {
    if (folder === last.folder) return last.names;
    const [source, ...below] = folders.namesOf(folder);
    const at = source === undefined ? -1 : sources.findIndex((path) => path.equals(source));
    const top = tops[at];
    if (top === undefined) throw new RangeError('a folder outside every source');
    last = { folder, names: [top, ...below] };
    return last.names;
  };
}
