/**
 * Reads source files, which belong to others: they may vanish, change, turn into something else or be unreadable at
 * any moment. Each of these is a `SourceProblem`, told apart from whatever goes wrong on our own side.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ReadAt } from '../chunk/stripes.ts';
import { errorCode } from '../failure.ts';
import { foundFile } from '../scan/found.ts';
import { withShortPath } from '../scan/longPath.ts';
import type { ContentFacts, SourceFailure } from './packing.ts';

/** Stops the reading of one file. */
export class SourceProblem extends Error {
  readonly failure: SourceFailure;

  constructor(problem: SourceFailure['problem'], message: string) {
    super(message);
    this.name = 'SourceProblem';
    this.failure = { problem, message };
  }
}

/** Follows no link and waits for no other end of a FIFO. Windows knows neither flag, nor FIFOs among its files. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);
const NO_NAME = Buffer.alloc(0);

export interface OpenSource {
  facts(): ContentFacts;
  readonly readAt: ReadAt;
  close(): void;
}

/**
 * Opens the file that the scan found, or nothing.
 * @param ino as found by the scan
 * @throws SourceProblem
 */
export function openSource(path: Uint8Array, ino: number): OpenSource {
  const fd = attempt(() => withShortPath(path, (short) => openSync(short, READ_FLAGS)));
  const source: OpenSource = {
    facts: () => regularFile(fd),
    readAt: (into, position) => attempt(() => readSync(fd, into, 0, into.length, position)),
    close: () => closeSync(fd),
  };
  try {
    if (source.facts().ino !== ino) {
      throw new SourceProblem(
        'changed',
        'Another file took its place while the backup ran; the next one reads it.',
      );
    }
    return source;
  } catch (error) {
    source.close();
    throw error;
  }
}

function regularFile(fd: number): ContentFacts {
  const stat = attempt(() => fstatSync(fd, { bigint: true }));
  if (!stat.isFile()) throw new SourceProblem('unsupported', 'It is no longer a regular file.');
  const { size, mtime, ctime, ino } = foundFile(NO_NAME, stat);
  return { size, mtime, ctime, ino };
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const code = errorCode(error);
    throw code === undefined ? error : problemOf(code);
  }
}

function problemOf(code: string): SourceProblem {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new SourceProblem('vanished', 'It was gone before it could be read.');
    case 'ELOOP':
      return new SourceProblem(
        'changed',
        'It became a link while the backup ran; the next one saves it as such.',
      );
    case 'ENXIO':
    case 'EISDIR':
      return new SourceProblem('unsupported', 'It is no longer a regular file.');
    case 'EACCES':
    case 'EPERM':
      return new SourceProblem('unreadable', `It may not be read by this user (${code}).`);
    case 'EIO':
      return new SourceProblem('unreadable', 'The disk cannot read all of it (EIO).');
    default:
      return new SourceProblem('unreadable', `It cannot be read (${code}).`);
  }
}
