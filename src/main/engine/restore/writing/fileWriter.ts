import { sha256 } from '../../crypto.ts';
import type { FolderHandle } from './folderHandle.ts';
import type { Names } from './openFolders.ts';
import { TemporaryFile, type TemporaryFileFacts } from './temporaryFile.ts';
import { pathOf } from './writeFailure.ts';

/** A file while it is being restored, and the name it is going to have. */
export class FileWriter extends TemporaryFile {
  /** Where it belongs, as in the snapshot. */
  readonly names: Names;

  /** @param facts `temporaryFacts` of its names @param begun see `TemporaryFile` */
  constructor(temporary: FolderHandle, names: Names, facts: TemporaryFileFacts, begun?: number) {
    super(temporary, facts, begun);
    this.names = names;
  }
}

export function temporaryFacts(names: Names, size: number, sparse: boolean): TemporaryFileFacts {
  return { name: temporaryName(names), path: pathOf(names).toString(), size, sparse };
}

const SEPARATOR = Buffer.of(0); // in no name

/** Follows from the path, so that a later run of the same order finds the file again. */
function temporaryName(names: Names): Buffer {
  const path = Buffer.concat(names.flatMap((name) => [SEPARATOR, name]));
  return Buffer.from(sha256(path).toString('hex').slice(0, 32));
}
