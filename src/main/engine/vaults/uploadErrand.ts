/**
 * Stores a file of any kind as an archive. It is read twice: once for its hashes, which are written down, and once
 * when it is sent, each MiB then held against its hash. So a file that changes in between is noticed before a changed
 * part leaves, and the upload starts anew with the file as it is; and a kill at any time costs only the parts in flight.
 *
 * Unlike a pack's, the description is a person's and need not be the only one of its kind: an upload whose begin was
 * not answered is not looked for by it, lest parts go into somebody else's. It holds no bytes, and lapses after a day.
 */
import { open, stat } from 'node:fs/promises';
import { EngineError, errorCode, toFailure } from '../failure.ts';
import type { Target, UploadId } from '../target/target.ts';
import { LeafHasher } from '../upload/treeHash.ts';
import { uploadPack } from '../upload/uploadPack.ts';
import { ended, type Errand, type ErrandEnd, type Shown } from './errand.ts';

export interface UploadWanted {
  /** Full path. */
  readonly path: string;
  readonly description: string;
}

/** By which a file is known to be the same, as far as that can be told without reading it. */
export interface FileMark {
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

export interface UploadProgress {
  /** Of the file whose hashes stand in the errand's notes. */
  readonly mark: FileMark | null;
  readonly uploadId: UploadId | null;
  /** An earlier upload may have become an archive without our hearing of it. */
  readonly mayBeTwice: boolean;
  readonly shown: Shown;
}

export type UploadErrand = Errand<UploadWanted, UploadProgress>;

const READ_BYTES = 4 * 1024 * 1024;
/** Times a file may change under us before we give up on it. */
const STARTS = 3;

export async function storeFile(errand: UploadErrand): Promise<ErrandEnd> {
  let { progress } = errand;
  let leaves = errand.row.notes;
  for (let starts = 1; ; starts++) {
    const mark = await markOf(errand.wanted.path);
    if (leaves === null || progress.mark === null || !isSame(mark, progress.mark)) {
      ({ progress, leaves } = await hashAnew(errand, progress, mark));
    }
    try {
      return await send(errand, progress, leaves);
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
      const isChanged = !isSame(await markOf(errand.wanted.path), mark);
      if (starts === STARTS) throw isChanged ? keepsChanging(errand.wanted.path, error) : error;
      leaves = null;
    }
  }
}

async function hashAnew(
  errand: UploadErrand,
  before: UploadProgress,
  mark: FileMark,
): Promise<{ progress: UploadProgress; leaves: Buffer }> {
  const { wanted, target, signal } = errand;
  const shown = { ...before.shown, done: 0, total: mark.size };
  // What was sent belongs to other bytes.
  const fresh: UploadProgress = { ...before, mark: null, uploadId: null, shown };
  if (before.uploadId !== null) await target.abortUpload(before.uploadId, signal);
  await errand.save('hashing', fresh);
  const leaves = await leavesOfFile(wanted.path, mark, signal, (done) => errand.tell({ ...shown, done }));
  const progress = { ...fresh, mark };
  await errand.save('sending', progress, leaves);
  return { progress, leaves };
}

async function send(errand: UploadErrand, before: UploadProgress, leaves: Buffer): Promise<ErrandEnd> {
  const { wanted, target, signal, service, row } = errand;
  let progress = before;
  let sent = 0;
  const size = before.shown.total;
  const note = async (change: Partial<UploadProgress>): Promise<void> => {
    progress = { ...progress, ...change };
    await errand.save('sending', progress);
  };
  const named: Target = {
    ...target,
    beginUpload: (_ours, partBytes) => service.beginUpload(row.vault, wanted.description, partBytes, signal),
  };
  const archive = await uploadPack({
    target: named,
    path: wanted.path,
    size,
    leaves,
    description: `v1.${row.uid}`,
    uploadId: progress.uploadId,
    mayHaveBegun: false,
    partsInFlight: target.traits.partsInFlight,
    onUploadId: (uploadId) => note({ uploadId }),
    onProgress: (bytes) => {
      sent += bytes;
      errand.tell({ ...progress.shown, done: Math.min(sent, size) });
    },
    onUnknown: () => note({ mayBeTwice: true, uploadId: null }),
    signal,
  });
  const shown: Shown = { ...progress.shown, done: size, archive, verified: 'whole' };
  return progress.mayBeTwice
    ? { outcome: 'problems', shown, failure: toFailure(perhapsTwice(wanted.path)) }
    : ended(shown);
}

/** @throws EngineError `not-found`, `unreadable`, or `invalid` for what cannot be an archive */
export async function markOf(path: string): Promise<FileMark> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw new EngineError('invalid', `${path} is not a file.`, 'Name a file.');
  if (found.size === 0) {
    throw new EngineError(
      'invalid',
      `${path} is empty.`,
      'Choose another file: a vault takes no empty archive.',
    );
  }
  return { size: found.size, modifiedMs: found.mtimeMs, inode: found.ino };
}

function isSame(a: FileMark, b: FileMark): boolean {
  return a.size === b.size && a.modifiedMs === b.modifiedMs && a.inode === b.inode;
}

async function leavesOfFile(
  path: string,
  { size }: FileMark,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<Buffer> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const hasher = new LeafHasher();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let at = 0; at < size;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw keepsChanging(path);
      hasher.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      onBytes(at);
    }
    return hasher.leaves();
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): EngineError {
  const code = errorCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EngineError('not-found', `There is no file ${path}.`, 'Check its name and folder.', { cause });
  }
  return new EngineError(
    'unreadable',
    `${path} cannot be read (${code ?? 'unknown error'}).`,
    'Check its permissions and the disk it is on.',
    { cause },
  );
}

function keepsChanging(path: string, cause?: unknown): EngineError {
  return new EngineError(
    'changed',
    `${path} changes while it is sent.`,
    'Upload it when nothing writes to it.',
    { safe: 'No archive was made of it.', cause },
  );
}

function perhapsTwice(path: string): EngineError {
  return new EngineError(
    'changed',
    `${path} is stored, but an earlier upload of it may have become an archive too.`,
    'Look for a second one in the next inventory.',
    { safe: 'The archive named here is whole and verified.' },
  );
}
