/**
 * Sends one staged pack and says when it is stored (steps 7 and 8 of the durability protocol).
 *
 * Order: begin, write down the upload's id, send parts, finish. A kill or a lost answer may come between any two:
 * - begun, id not written down: the upload is found again by its description, which belongs to this pack alone.
 * - parts sent: those that the target lists with the very hash that ours has are not sent again.
 * - finished, answer lost: finishing again gives the same archive. Where the target no longer knows the upload,
 *   nobody can tell whether it became an archive or expired; the caller is told, and the same bytes are sent as a
 *   new upload. At worst a second copy is stored, which the next inventory shows by its description.
 *
 * Nothing is ever sealed again to resume: the bytes come from the staged file, checked as they are read.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, errorCode } from '../failure.ts';
import type { ArchiveId, Target, UploadId } from '../target/target.ts';
import { partBytesFor, planParts, type PlannedPart } from './partPlan.ts';
import { damaged, readStagedPart } from './stagedPart.ts';
import { DIGEST_BYTES, LEAF_BYTES, leavesIn, treeHashOfLeaves } from './treeHash.ts';

export interface PackUpload {
  readonly target: Target;
  /** The staged file. */
  readonly path: string;
  readonly size: number;
  /** SHA-256 of each MiB of it, back to back, from when it was written. */
  readonly leaves: Buffer;
  readonly description: string;
  /** The upload that was begun for it, as written down earlier; null if none was. */
  readonly uploadId: UploadId | null;
  /** Whether one may have been begun without its id being written down. */
  readonly mayHaveBegun: boolean;
  /** Bytes of a part; by default what the target prefers, or more where the pack needs it. */
  readonly partBytes?: number;
  readonly partsInFlight: number;
  /** Writes the id down for good; no part is sent before it has. */
  readonly onUploadId: (uploadId: UploadId) => Promise<void>;
  /** Bytes that were sent by this call and have arrived; parts found at the target do not count. */
  readonly onProgress: (bytes: number) => void;
  /** The target knows this upload no more and may or may not have made an archive of it. */
  readonly onUnknown?: (uploadId: UploadId) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Begun uploads in one call at most: an upload that vanishes twice in a row will vanish again. */
const UPLOADS = 2;

/**
 * Resolves once the target has returned our own tree hash of the whole archive; nothing else means stored. May be
 * called again after it rejected or was killed, with the same bytes and what was written down. Holds
 * `partsInFlight` parts in memory. Rejects `corrupt` when the staged file is not what was written (then it must be
 * made anew) or when what arrived still differs after it was sent again; verifying the staged file tells which.
 */
export async function uploadPack(pack: PackUpload): Promise<ArchiveId> {
  if (pack.leaves.length !== Math.ceil(pack.size / LEAF_BYTES) * DIGEST_BYTES) {
    throw new RangeError(`${pack.leaves.length} bytes of leaves for a pack of ${pack.size}`);
  }
  const plan = planParts(pack.size, pack.partBytes ?? partBytesFor(pack.size, pack.target.traits.partBytes));
  const earlier = await takeUp(pack, plan);
  if (earlier?.kind === 'finished') return earlier.archiveId;
  let upload: OpenUpload = earlier ?? (await begin(pack));
  for (let uploads = 1; ; uploads++) {
    try {
      return await sendAndFinish(pack, plan, upload);
    } catch (error) {
      if (!isKind(error, 'not-found') || uploads === UPLOADS) throw error;
    }
    upload = await begin(pack);
  }
}

interface OpenUpload {
  readonly kind: 'open';
  readonly uploadId: UploadId;
  /** Offsets of parts that the target holds as they should be. */
  readonly held: ReadonlySet<number>;
}

type Earlier = OpenUpload | { readonly kind: 'finished'; readonly archiveId: ArchiveId };

async function begin({ target, description, onUploadId, signal, ...pack }: PackUpload): Promise<OpenUpload> {
  const partBytes = pack.partBytes ?? partBytesFor(pack.size, target.traits.partBytes);
  const uploadId = await target.beginUpload(description, partBytes, signal);
  crashpoint('upload-begun');
  await onUploadId(uploadId);
  crashpoint('upload-noted');
  return { kind: 'open', uploadId, held: new Set() };
}

/** Finds what an earlier call has left; undefined when there is nothing to go on with. */
async function takeUp(pack: PackUpload, plan: readonly PlannedPart[]): Promise<Earlier | undefined> {
  if (pack.uploadId === null) return pack.mayHaveBegun ? findBegun(pack, plan) : undefined;
  const held = await heldParts(pack, plan, pack.uploadId);
  if (held === 'unusable') return undefined;
  if (held !== 'gone') return { kind: 'open', uploadId: pack.uploadId, held };
  const archiveId = await finishedEarlier(pack, pack.uploadId);
  return archiveId === undefined ? undefined : { kind: 'finished', archiveId };
}

async function findBegun(pack: PackUpload, plan: readonly PlannedPart[]): Promise<OpenUpload | undefined> {
  for await (const { description, uploadId } of pack.target.listUploads(pack.signal)) {
    if (description !== pack.description) continue;
    const held = await heldParts(pack, plan, uploadId);
    if (held === 'gone' || held === 'unusable') continue;
    await pack.onUploadId(uploadId);
    return { kind: 'open', uploadId, held };
  }
  return undefined;
}

/**
 * Offsets of the parts that need not be sent. An upload is unusable when it holds something where none of our parts
 * lies, which no part sent later would replace.
 */
async function heldParts(
  { target, leaves, signal }: PackUpload,
  plan: readonly PlannedPart[],
  uploadId: UploadId,
): Promise<Set<number> | 'gone' | 'unusable'> {
  const planned = new Map(plan.map((part) => [part.offset, part.length]));
  const held = new Set<number>();
  try {
    for await (const { offset, length, treeHash } of target.listParts(uploadId, signal)) {
      const ours = planned.get(offset);
      if (ours === undefined || length > ours) return 'unusable';
      const root = treeHashOfLeaves(leavesIn(leaves, offset, offset + ours));
      if (length === ours && treeHash.equals(root)) held.add(offset);
    }
  } catch (error) {
    if (isKind(error, 'not-found')) return 'gone';
    throw error;
  }
  return held;
}

/** The archive of an upload whose finish arrived but was not heard of; undefined when there is none or nobody knows. */
async function finishedEarlier(pack: PackUpload, uploadId: UploadId): Promise<ArchiveId | undefined> {
  try {
    return await finish(pack, uploadId);
  } catch (error) {
    if (!isKind(error, 'not-found') && !isKind(error, 'corrupt')) throw error;
    await pack.onUnknown?.(uploadId);
    return undefined;
  }
}

async function sendAndFinish(
  pack: PackUpload,
  plan: readonly PlannedPart[],
  { uploadId, held }: OpenUpload,
): Promise<ArchiveId> {
  await sendParts(pack, missing(plan, held), uploadId);
  try {
    return await finishOrTell(pack, uploadId);
  } catch (error) {
    if (!isKind(error, 'corrupt')) throw error;
  }
  // Some part is not what it was when it was sent: find out which, once.
  const nowHeld = await heldParts(pack, plan, uploadId);
  await sendParts(pack, missing(plan, typeof nowHeld === 'string' ? new Set() : nowHeld), uploadId);
  return finishOrTell(pack, uploadId);
}

function missing(plan: readonly PlannedPart[], held: ReadonlySet<number>): PlannedPart[] {
  return plan.filter((part) => !held.has(part.offset));
}

/** After a finish that is answered "not known" an archive may exist: an earlier answer can have been lost. */
async function finishOrTell(pack: PackUpload, uploadId: UploadId): Promise<ArchiveId> {
  try {
    return await finish(pack, uploadId);
  } catch (error) {
    if (isKind(error, 'not-found')) await pack.onUnknown?.(uploadId);
    throw error;
  }
}

async function finish({ target, size, leaves, signal }: PackUpload, uploadId: UploadId): Promise<ArchiveId> {
  const archiveId = await target.finishUpload(uploadId, size, treeHashOfLeaves(leaves), signal);
  crashpoint('upload-finished');
  return archiveId;
}

/** Sends parts by several workers with a buffer each. The first failure stops the others; it is what is thrown. */
async function sendParts(pack: PackUpload, parts: readonly PlannedPart[], uploadId: UploadId): Promise<void> {
  const [longest] = parts;
  if (longest === undefined) return;
  const stop = new AbortController();
  const signal = AbortSignal.any([pack.signal, stop.signal]);
  const waiting = parts.values();
  let failure: { readonly reason: unknown } | undefined;
  const file = await openStaged(pack.path);
  const worker = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(longest.length);
    try {
      for (const part of waiting) {
        signal.throwIfAborted();
        await sendPart(pack, file, part, uploadId, buffer, signal);
      }
    } catch (error) {
      failure ??= { reason: error };
      stop.abort();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(pack.partsInFlight, parts.length) }, worker));
  } finally {
    await file.close();
  }
  pack.signal.throwIfAborted();
  if (failure !== undefined) throw failure.reason;
}

async function sendPart(
  { target, leaves, onProgress }: PackUpload,
  file: FileHandle,
  planned: PlannedPart,
  uploadId: UploadId,
  buffer: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const part = await readStagedPart(file, planned, leaves, buffer, target.traits.wantsSha256);
  await target.sendPart(uploadId, part, signal);
  crashpoint('part-sent');
  onProgress(planned.length);
}

async function openStaged(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw errorCode(error) === 'ENOENT' ? damaged(error) : error;
  }
}

function isKind(error: unknown, kind: EngineError['kind']): boolean {
  return error instanceof EngineError && error.kind === kind;
}
