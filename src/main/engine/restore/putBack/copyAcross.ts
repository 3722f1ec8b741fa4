import { fstatSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError } from '../../failure.ts';
import type { ReadAt } from '../treeWriter.ts';
import { temporaryFacts } from '../writing/fileWriter.ts';
import type { FolderHandle } from '../writing/folderHandle.ts';
import type { Metadata, MetadataWishes } from '../writing/metadata.ts';
import type { Names } from '../writing/openFolders.ts';
import { readAll, TemporaryFile } from '../writing/temporaryFile.ts';
import { pathOf } from '../writing/writeFailure.ts';

const STRETCH_BYTES = 1024 * 1024;
const TEMPORARY = Buffer.from('.permafrost-');

export interface Copy {
  readonly file: TemporaryFile;
  /** What could not be set of its metadata, in words. */
  readonly problems: readonly string[];
}

/**
 * Copies an open file into a folder of another file system, under a temporary name that follows from `names`. It is on
 * disk, read back and found right when it is returned; the caller gives it its name and closes it.
 * @param isRight reads the copy and says whether it is what it should be
 * @throws EngineError `changed` when it is not, and what the disk says; then nothing of it is left
 */
export async function copyAcross(
  from: number,
  folder: FolderHandle,
  names: Names,
  as: { readonly metadata: Metadata; readonly sparse: boolean; readonly wishes: MetadataWishes },
  isRight: (read: ReadAt) => Promise<boolean>,
): Promise<Copy> {
  const { size } = fstatSync(from);
  const facts = temporaryFacts(names, size, as.sparse);
  const file = new TemporaryFile(folder, { ...facts, name: temporaryName(names) });
  try {
    const buffer = Buffer.allocUnsafe(Math.min(size, STRETCH_BYTES));
    for (let at = 0; at < size;) {
      const length = readAll(from, buffer.subarray(0, Math.min(buffer.length, size - at)), at);
      if (length === 0) throw changed(names);
      file.write(buffer.subarray(0, length), at);
      at += length;
      await nextTurn();
    }
    if (!(await isRight((into, offset) => file.read(into, offset)))) throw changed(names);
    const { problems } = file.settle(as.metadata, as.wishes);
    await file.sync();
    return { file, problems };
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** Under which name something stands in its folder until it has its own; follows from the path. */
export function temporaryName(names: Names): Buffer {
  return Buffer.concat([TEMPORARY, temporaryFacts(names, 0, false).name]);
}

/** Whether two open files hold the same bytes. */
export async function isSameContent(a: ReadAt, b: ReadAt): Promise<boolean> {
  const [one, other] = [Buffer.allocUnsafe(STRETCH_BYTES), Buffer.allocUnsafe(STRETCH_BYTES)];
  for (let at = 0; ; at += STRETCH_BYTES) {
    const length = a(one, at);
    if (b(other, at) !== length || one.compare(other, 0, length, 0, length) !== 0) return false;
    if (length < STRETCH_BYTES) return true;
    await nextTurn();
  }
}

function changed(names: Names): EngineError {
  return new EngineError(
    'changed',
    `${pathOf(names).toString()} changed while it was being copied.`,
    'Leave both folders alone until it is done, then do it again.',
    { safe: 'What was there before is still there.' },
  );
}
