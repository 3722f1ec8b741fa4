/**
 * Folder: a folder on a disk or share as a target. Layout (docs/format.md §1):
 *
 *   <dir>/archives/<description>~<8 hex>             an archive
 *   <dir>/archives/<description>~<8 hex>.<n>.part    an upload under way, parts of 2^n MiB
 *
 * Everything else follows from these names (folderNames.ts) and the bytes, so there is nothing that could disagree
 * with them: the parts that an upload holds are found by hashing its file again (what a kill left half-written then
 * simply has another hash), finishing twice finds the archive of the first time under the name it was given, and a
 * retrieval is ready at once and lives in its id alone.
 *
 * Order at the end of an upload: sync the bytes, read them back and compare the tree hash, rename, sync the folder.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from '../crypto.ts';
import { errorCode } from '../failure.ts';
import { isMibAligned } from '../upload/alignment.ts';
import { isPartSize, LEAF_BYTES } from '../upload/treeHash.ts';
import { assertDescription } from './description.ts';
import { hashRange, readFully, withFile, writeFully } from './fileBytes.ts';
import { fewerBytes, folderFailure, forgotten, notAsMeant, outsideArchive } from './folderFailure.ts';
import {
  isArchiveId,
  jobIdOf,
  parseJobId,
  parseUploadId,
  uploadFileName,
  uploadIdOf,
  uploadIdOfFile,
  type JobName,
  type UploadName,
} from './folderNames.ts';
import { pagedList } from './pages.ts';
import { renameSynced } from './renameSynced.ts';
import type { ArchiveId, StoredPart, Target, TargetTraits, UploadId, UploadInfo } from './target.ts';

export const folderTraits: TargetTraits = {
  kind: 'folder',
  rangedRetrieval: true,
  instantRead: true,
  packBytes: 64 * LEAF_BYTES,
  partBytes: 16 * LEAF_BYTES,
  partsInFlight: 2,
  pollCapMs: 1000,
  wantsSha256: false,
};

/** Opens nothing yet: the first call looks at the disk. `dir` is an absolute path. */
export function openFolder(dir: string, traits: Partial<Omit<TargetTraits, 'kind'>> = {}): Target {
  const archives = join(dir, 'archives');
  const archivePath = (id: ArchiveId): string => join(archives, id);
  const uploadPath = (id: UploadId): string => join(archives, uploadFileName(id));

  /** Runs file system calls; `missing` is what ENOENT means here, when it is not the folder itself. */
  async function guarded<T>(
    doing: 'read' | 'write',
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
    missing?: 'upload' | 'archive',
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (missing !== undefined && errorCode(error) === 'ENOENT' && (await isThere(archives))) {
        throw forgotten(missing, dir);
      }
      throw folderFailure(error, dir, doing) ?? error;
    }
  }

  function uploadNamed(id: UploadId): UploadName {
    const name = parseUploadId(id);
    if (name === undefined) throw forgotten('upload', dir);
    return name;
  }

  function jobNamed(id: string): JobName {
    const name = parseJobId(id);
    if (name === undefined) throw forgotten('retrieval', dir);
    return name;
  }

  async function sizeOf(id: ArchiveId, signal: AbortSignal | undefined): Promise<number> {
    if (!isArchiveId(id)) throw forgotten('archive', dir);
    return guarded('read', signal, async () => (await stat(archivePath(id))).size, 'archive');
  }

  async function assertHolds(file: FileHandle, size: number, treeHash: Buffer, signal?: AbortSignal) {
    if ((await file.stat()).size !== size) throw notAsMeant(dir);
    const { root } = await hashRange(file, 0, size, signal);
    if (root === undefined || !root.equals(treeHash)) throw notAsMeant(dir);
  }

  async function finishUpload(uploadId: UploadId, size: number, treeHash: Buffer, signal?: AbortSignal) {
    const { archiveId } = uploadNamed(uploadId);
    const [from, to] = [uploadPath(uploadId), archivePath(archiveId)];
    await guarded(
      'write',
      signal,
      async () => {
        try {
          await withFile(from, 'r+', async (file) => {
            await file.sync();
            await assertHolds(file, size, treeHash, signal);
          });
        } catch (error) {
          if (errorCode(error) !== 'ENOENT') throw error;
          await withFile(to, 'r', (file) => assertHolds(file, size, treeHash, signal));
          return;
        }
        await renameSynced(from, to);
      },
      'upload',
    );
    return archiveId;
  }

  function listParts(uploadId: UploadId, signal?: AbortSignal): AsyncIterable<StoredPart> {
    const { partBytes } = parseUploadId(uploadId) ?? { partBytes: LEAF_BYTES };
    return pagedList(async (marker = '0') => {
      uploadNamed(uploadId);
      const offset = Number(marker);
      const hashPart = (file: FileHandle) => hashRange(file, offset, offset + partBytes, signal);
      const found = await guarded(
        'read',
        signal,
        () => withFile(uploadPath(uploadId), 'r', hashPart),
        'upload',
      );
      if (found.root === undefined) return { items: [], marker: undefined };
      const part = { offset, length: found.length, treeHash: found.root };
      return { items: found.isHole ? [] : [part], marker: String(offset + partBytes) };
    });
  }

  function listUploads(signal?: AbortSignal): AsyncIterable<UploadInfo> {
    return pagedList(async () => {
      const names = await guarded('read', signal, () => readdir(archives));
      const uploadIds = names.map(uploadIdOfFile).filter((id) => id !== undefined);
      const items = await guarded('read', signal, () => Promise.all(uploadIds.map(describeUpload)));
      return { items: items.filter((upload) => upload !== undefined), marker: undefined };
    });
  }

  /** Undefined when it was finished or removed meanwhile. */
  async function describeUpload(uploadId: UploadId): Promise<UploadInfo | undefined> {
    const found = await statIfThere(uploadPath(uploadId));
    if (found === undefined) return undefined;
    const { description, partBytes } = uploadNamed(uploadId);
    return { uploadId, description, partBytes, createdAt: Math.floor(found.birthtimeMs || found.mtimeMs) };
  }

  return {
    traits: { ...folderTraits, ...traits },
    // An unplugged disk leaves an empty folder where it was mounted: `archives` in it is what tells them apart.
    probe: (signal) => guarded('write', signal, () => access(archives, constants.W_OK | constants.X_OK)),
    create: (signal) =>
      guarded('write', signal, async () => {
        await mkdir(archives, { recursive: true });
      }),
    async beginUpload(description, partBytes, signal) {
      assertDescription(description);
      if (!isPartSize(partBytes)) throw new RangeError(`${partBytes} is no part size`);
      const uploadId = uploadIdOf(description, randomBytes(4).toString('hex'), partBytes);
      await guarded('write', signal, async () => (await open(uploadPath(uploadId), 'wx', 0o600)).close());
      return uploadId;
    },
    async sendPart(uploadId, { offset, bytes }, signal) {
      const { partBytes } = uploadNamed(uploadId);
      if (offset % partBytes !== 0 || bytes.length > partBytes)
        throw new RangeError(`no part begins at ${offset}`);
      await guarded(
        'write',
        signal,
        () => withFile(uploadPath(uploadId), 'r+', (file) => writeFully(file, bytes, offset, signal)),
        'upload',
      );
    },
    finishUpload,
    abortUpload: async (uploadId, signal) => {
      if (parseUploadId(uploadId) === undefined) return;
      await guarded('write', signal, () => rm(uploadPath(uploadId), { force: true }));
    },
    listUploads,
    listParts,
    async requestRetrieval(archiveId, range, _tier, description, signal) {
      assertDescription(description);
      if (range !== null && range.first % LEAF_BYTES !== 0)
        throw new RangeError(`${range.first} is not a whole MiB`);
      const size = await sizeOf(archiveId, signal);
      if (range !== null && !isMibAligned(range, size)) throw outsideArchive(dir);
      return jobIdOf({ archiveId, range, description });
    },
    async describeRetrieval(jobId, signal) {
      const { archiveId, range, description } = jobNamed(jobId);
      const size = await sizeOf(archiveId, signal);
      const now = Date.now();
      const isWhole = range !== null && range.first === 0 && range.end === size;
      return {
        ...{ jobId, description, archiveId, range: isWhole ? null : range },
        ...{ state: 'ready', reason: null, createdAt: now, completedAt: now },
      };
    },
    // None is kept: each is as good as done once it has been asked for.
    listRetrievals: () => pagedList(() => Promise.resolve({ items: [], marker: undefined })),
    async readRetrieved(jobId, first, end, signal) {
      const { archiveId, range } = jobNamed(jobId);
      const from = range?.first ?? 0;
      const bytes = Buffer.allocUnsafeSlow(end - first);
      const read = await guarded(
        'read',
        signal,
        () => withFile(archivePath(archiveId), 'r', (file) => readFully(file, bytes, from + first)),
        'archive',
      );
      if (read < bytes.length || (range !== null && from + end > range.end)) throw fewerBytes(dir);
      return { bytes, treeHash: null };
    },
    now: () => Date.now(),
    close: () => undefined,
  };
}

async function isThere(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined;
}

async function statIfThere(path: string) {
  return stat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}
