/**
 * What lies in a folder target, beyond what `Target` asks of a place for archives: its listing, and taking an archive away.
 */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../failure.ts';
import { hashRange, withFile } from './fileBytes.ts';
import { folderFailure } from './folderFailure.ts';
import { isArchiveId } from './folderNames.ts';
import { syncFolder } from '../lastingNames.ts';
import type { ArchiveId } from './target.ts';

export interface FolderArchive {
  readonly archiveId: ArchiveId;
  readonly description: string;
  readonly size: number;
  /** When it was written, epoch ms. */
  readonly createdAt: number;
}

/** All archives, in no order. @throws EngineError `not-found` when the folder is not there */
export async function listFolderArchives(dir: string): Promise<readonly FolderArchive[]> {
  const archives = join(dir, 'archives');
  try {
    const listed: FolderArchive[] = [];
    for (const name of await readdir(archives)) {
      if (!isArchiveId(name)) continue;
      const found = await stat(join(archives, name)).catch(unlessGone);
      if (found?.isFile() !== true) continue;
      const description = name.slice(0, name.lastIndexOf('~'));
      listed.push({ archiveId: name, description, size: found.size, createdAt: Math.floor(found.mtimeMs) });
    }
    return listed;
  } catch (error) {
    throw folderFailure(error, dir, 'read') ?? error;
  }
}

/** The tree hash of what is there now; null when there is no such archive, or nothing in it. */
export async function hashFolderArchive(
  dir: string,
  archive: ArchiveId,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  const path = join(dir, 'archives', archive);
  try {
    return await withFile(path, 'r', async (file) => {
      const { size } = await file.stat();
      return (await hashRange(file, 0, size, signal)).root ?? null;
    });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw folderFailure(error, dir, 'read') ?? error;
  }
}

/** Deletes an archive for good; no error if it is gone already. */
export async function deleteFolderArchive(dir: string, archive: ArchiveId): Promise<void> {
  if (!isArchiveId(archive)) throw new RangeError('this is no archive of a folder');
  try {
    await rm(join(dir, 'archives', archive), { force: true });
    syncFolder(join(dir, 'archives'));
  } catch (error) {
    throw folderFailure(error, dir, 'write') ?? error;
  }
}

/** The time by the clock of the disk or computer that the folder lies on, epoch ms: by a file that is made there for it. */
export async function folderClock(dir: string): Promise<number> {
  const path = join(dir, `.clock-${process.pid}-${Date.now()}`);
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 });
    return (await stat(path)).mtimeMs;
  } catch (error) {
    throw folderFailure(error, dir, 'write') ?? error;
  } finally {
    await rm(path, { force: true });
  }
}

function unlessGone(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}
