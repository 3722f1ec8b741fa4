/**
 * Names in a folder target: what a file is can be read from its name alone, and each id is a name.
 *
 *   <description>~<8 hex>             an archive; its id
 *   <description>~<8 hex>.<n>         the id of an upload with parts of 2^n MiB; its file has `.part` after that
 *   <archive>/<first>-<end>/<words>   the id of a retrieval; nothing between the slashes for a whole archive
 */
import { LEAF_BYTES } from '../upload/treeHash.ts';
import type { ArchiveId, ByteRange, JobId, UploadId } from './target.ts';

export interface UploadName {
  readonly description: string;
  readonly partBytes: number;
  /** What the archive will be called. */
  readonly archiveId: ArchiveId;
}

export interface JobName {
  readonly archiveId: ArchiveId;
  readonly range: ByteRange | null;
  readonly description: string;
}

const PART = '.part';
const archiveForm = /^[A-Za-z0-9._-]{1,200}~[0-9a-f]{8}$/;
const uploadForm = /^(([A-Za-z0-9._-]{1,200})~[0-9a-f]{8})\.(\d|1[0-2])$/;
const jobForm = /^([^/]+)\/(?:(\d{1,15})-(\d{1,15}))?\/([A-Za-z0-9._-]{1,200})$/;

/** A new upload's id; `apart` is 8 hex digits that keep archives of one description apart. */
export function uploadIdOf(description: string, apart: string, partBytes: number): UploadId {
  return `${description}~${apart}.${Math.log2(partBytes / LEAF_BYTES)}` as UploadId;
}

/** Undefined for a text that is no upload id of a folder: whatever it is, it never becomes a path. */
export function parseUploadId(id: string): UploadName | undefined {
  const [, archiveId, description, power] = uploadForm.exec(id) ?? [];
  if (archiveId === undefined || description === undefined) return undefined;
  return { description, partBytes: LEAF_BYTES * 2 ** Number(power), archiveId: archiveId as ArchiveId };
}

export function uploadFileName(id: UploadId): string {
  return `${id}${PART}`;
}

/** The upload that a file of this name belongs to; undefined for any other file. */
export function uploadIdOfFile(name: string): UploadId | undefined {
  const id = name.endsWith(PART) ? name.slice(0, -PART.length) : '';
  return uploadForm.test(id) ? (id as UploadId) : undefined;
}

/** Whether the text is an archive's name here, and so safe to be joined to a path. */
export function isArchiveId(id: string): id is ArchiveId {
  return archiveForm.test(id);
}

export function jobIdOf({ archiveId, range, description }: JobName): JobId {
  return `${archiveId}/${range === null ? '' : `${range.first}-${range.end}`}/${description}` as JobId;
}

export function parseJobId(id: string): JobName | undefined {
  const [, archiveId, first, end, description] = jobForm.exec(id) ?? [];
  if (archiveId === undefined || description === undefined || !isArchiveId(archiveId)) return undefined;
  const range = first === undefined ? null : { first: Number(first), end: Number(end) };
  return { archiveId, range, description };
}
