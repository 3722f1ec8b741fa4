/** Files that a person asked for, at a place of their choice: never over one that is there. */
import { accessSync, constants, lstatSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { EngineError, errorCode, unwritable } from '../failure.ts';
import { assertApart } from './places.ts';

/** A file that does not exist, in a folder that does, at a place that is not the profile's own. */
export function checkNewFile(path: string, profile: string): void {
  if (!isAbsolute(path)) {
    throw new EngineError(
      'invalid',
      `${path} is not a full path.`,
      'Give the path from the top of the disk.',
    );
  }
  assertApart(path, profile, 'The file');
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    checkFolderFor(path);
    return;
  }
  throw new EngineError('conflict', `There is a file ${path} already.`, 'Choose another name.', {
    safe: 'It was not touched, and nothing was asked of the service.',
  });
}

/** What is asked of the service takes hours and may cost: a folder that is not there is found out before. */
function checkFolderFor(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    const isMissing = errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR';
    throw new EngineError(
      isMissing ? 'not-found' : 'unwritable',
      `${dirname(path)} ${isMissing ? 'is not a folder that exists' : 'cannot be written to'}.`,
      isMissing ? 'Make the folder, or choose another place.' : 'Choose a folder that is yours.',
      { safe: 'Nothing was asked of the service.', cause },
    );
  }
}

/** Writes it piece by piece, for its owner only; what fails leaves no file. */
export async function writeNew(
  path: string,
  content: AsyncIterable<string> | Iterable<string | Buffer>,
): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of content) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') await rm(path, { force: true });
    throw errorCode(error) === undefined ? error : unwritable(path, error);
  }
}
