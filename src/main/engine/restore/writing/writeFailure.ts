/** What went wrong at the destination of a restore, in words for a person. */
import { diskFailure, EngineError, errorCode } from '../../failure.ts';

const SAFE = { safe: 'Nothing that was there before was touched; the backup is unaffected.' };

/**
 * Translates a system error met while `path` (below the destination) was written. Anything else is thrown on: a bug.
 */
export function writeFailure(error: unknown, path: Buffer): EngineError {
  if (error instanceof EngineError) return error;
  const code = errorCode(error);
  if (code === undefined) throw error;
  const full = diskFailure(error, 'the disk that is restored to');
  if (full !== undefined) return full;
  const more = { ...SAFE, cause: error };
  const what = path.toString();
  switch (code) {
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EISDIR':
      return new EngineError(
        'conflict',
        `${what}: something else stands where a folder or file of the restore belongs.`,
        'Leave the restore folder alone until the restore is done, or restore to a new folder.',
        more,
      );
    case 'ENOENT':
    case 'ESTALE':
      return new EngineError(
        'changed',
        `${what}: a folder of the restore was moved or removed while it ran.`,
        'Leave the restore folder alone until the restore is done, then run it again.',
        more,
      );
    case 'ENAMETOOLONG':
    case 'EILSEQ':
    case 'EINVAL':
      return new EngineError(
        'unsupported',
        `${what}: the file system that is restored to cannot hold this name.`,
        'Restore it to another kind of disk.',
        more,
      );
    default:
      return new EngineError(
        'unwritable',
        `${what} cannot be written (${code}).`,
        'Check the disk and the permissions of the restore folder, then run it again.',
        more,
      );
  }
}

/** A path as text for people; never used to find anything. */
export function pathOf(names: readonly Buffer[]): Buffer {
  return Buffer.from(names.map((name) => name.toString()).join('/'));
}

/** Whether a failure concerns one name only; with any other the restore cannot go on. */
export function isAboutOneName(failure: EngineError): boolean {
  return failure.kind === 'conflict' || failure.kind === 'changed' || failure.kind === 'unsupported';
}

export function replaced(path: Buffer): EngineError {
  return new EngineError(
    'conflict',
    `${path.toString()} is no longer the file that was restored there, so no further name was given to it.`,
    'Leave the restore folder alone until the restore is done, or restore to a new folder.',
  );
}

export function noFurtherNames(cause: unknown): EngineError {
  return new EngineError(
    'unsupported',
    'This file system cannot give a file two names.',
    'Restore it as a file of its own.',
    { cause },
  );
}

export function emptyLink(path: Buffer): EngineError {
  return new EngineError(
    'unsupported',
    `${path.toString()} is a link to nothing that could be written.`,
    'Make the link by hand if it is needed.',
  );
}
