/** What can go wrong with a folder, said to a person. */
import { diskFailure, EngineError, errorCode } from '../failure.ts';
import { ServiceFailure } from './serviceFailure.ts';

/** A share or disk that is away for the moment, rather than refusing. */
const away = new Set([
  ...['ETIMEDOUT', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH', 'ECONNRESET', 'ECONNABORTED'],
  ...['ENOTCONN', 'ESTALE', 'ENODEV', 'ENXIO', 'EREMOTEIO'],
]);

/** Translates what a file system call threw; undefined for what is no such thing: a bug. */
export function folderFailure(error: unknown, dir: string, doing: 'read' | 'write'): EngineError | undefined {
  if (error instanceof EngineError) return error;
  const full = diskFailure(error, dir);
  if (full !== undefined) return full;
  const code = errorCode(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return noFolder(dir, error);
  if (away.has(code)) return notAnswering(dir, error);
  return doing === 'read' ? unreadable(dir, code, error) : unwritable(dir, code, error);
}

function noFolder(dir: string, cause?: unknown): EngineError {
  return new EngineError(
    'not-found',
    `There are no archives of Permafrost in ${dir}.`,
    'Connect the disk or share it is on, if it has been used before.',
    { cause },
  );
}

function notAnswering(dir: string, cause: unknown): ServiceFailure {
  return new ServiceFailure({
    kind: 'offline',
    message: `The disk or share with ${dir} does not answer.`,
    safe: 'What is already stored is not affected.',
    advice: 'Check that it is connected; it goes on by itself once it answers.',
    cause,
  });
}

function unwritable(dir: string, code: string, cause: unknown): EngineError {
  return new EngineError(
    'unwritable',
    `${dir} cannot be written to (${code}).`,
    code === 'EACCES' || code === 'EPERM'
      ? 'Give this user the right to write there, or choose another folder.'
      : 'Check the disk; it may be failing, or its file system may not take files of this size.',
    { safe: 'What is already stored is not affected.', cause },
  );
}

function unreadable(dir: string, code: string, cause: unknown): EngineError {
  return new EngineError(
    'unreadable',
    `Archives in ${dir} cannot be read (${code}).`,
    code === 'EACCES' || code === 'EPERM'
      ? 'Give this user the right to read there.'
      : 'Check the disk; it may be failing. Copy what can be read to another disk first.',
    { cause },
  );
}

export function forgotten(what: 'upload' | 'archive' | 'retrieval', dir: string): EngineError {
  return new EngineError(
    'not-found',
    `This ${what} is not in ${dir}.`,
    what === 'upload'
      ? 'Start it again.'
      : 'Check that the right disk is connected and nothing was removed from it.',
  );
}

/** The bytes on disk are not those that were to be stored. */
export function notAsMeant(dir: string): ServiceFailure {
  return new ServiceFailure({
    kind: 'corrupt',
    message: `What was written to ${dir} reads back differently, or not all of it was written.`,
    safe: 'It does not count as stored.',
    advice: 'Run it again: the parts that differ are written once more. If it happens again, check the disk.',
  });
}

export function fewerBytes(dir: string): EngineError {
  return new EngineError(
    'corrupt',
    `An archive in ${dir} holds fewer bytes than the catalog says.`,
    'Check the disk; other snapshots may still hold the files.',
  );
}

export function outsideArchive(dir: string): EngineError {
  return new EngineError(
    'invalid',
    `The bytes asked for lie outside their archive in ${dir}.`,
    'Check the target; the archive may have been cut short.',
  );
}
