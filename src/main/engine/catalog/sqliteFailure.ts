import { EngineError, errorCode } from '../failure.ts';

const untouched = 'The archives at the targets are not affected; the catalog can be rebuilt from them.';

/**
 * Translates an error of SQLite: damage, a full disk and the like become what a person can act on;
 * everything else (bad SQL, a broken constraint) is a bug of ours.
 */
export function sqliteFailure(error: unknown, file: string): Error {
  switch (errorCode(error)) {
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
    case 'SQLITE_FORMAT':
      return damaged(file, error);
    case 'SQLITE_FULL':
      return new EngineError(
        'no-space',
        `There is no space left for the catalog ${file}.`,
        'Free some space on that disk, then run it again.',
        { safe: 'What was already stored stays stored; nothing half-done counts as done.', cause: error },
      );
    case 'SQLITE_IOERR':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
    case 'SQLITE_NOLFS':
      return new EngineError(
        'unwritable',
        `The catalog ${file} cannot be read or written.`,
        'Check that the disk is connected, healthy and writable for you, then start again.',
        { safe: untouched, cause: error },
      );
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new EngineError(
        'busy',
        `Another program holds the catalog ${file}.`,
        'Close the other program, then try again.',
        { cause: error },
      );
    default:
      return new RangeError(
        `catalog: ${error instanceof Error ? error.message : String(error)}`,
        error instanceof Error ? { cause: error } : undefined,
      );
  }
}

/** The failure that says: this file is not a sound catalog. */
export function damaged(file: string, cause?: unknown): EngineError {
  return new EngineError(
    'corrupt',
    `The catalog ${file} is damaged.`,
    'Close Permafrost, move the file and those beside it that begin with its name to another folder, and rebuild the catalog from the target.',
    cause === undefined ? { safe: untouched } : { safe: untouched, cause },
  );
}
