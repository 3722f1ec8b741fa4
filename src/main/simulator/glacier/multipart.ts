/** Multipart uploads: begun, listed, completed or aborted. Their parts come in by uploadPart.ts. */
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { combine } from '../treeHash.ts';
import { storedReply } from './archives.ts';
import { badValue, missing, notFound } from './errors.ts';
import {
  type Call,
  checkedDescription,
  type Glacier,
  location,
  param,
  vaultArn,
  vaultOf,
} from './glacier.ts';
import { HOUR, isoMillis, newArchiveId, newUploadId } from './identifiers.ts';
import { written } from './inventory.ts';
import { meterUpload, stored, unstaged } from './metering.ts';
import { page, timeKey } from './paging.ts';
import type { PartRecord, Upload, Vault } from './records.ts';

const MIN_PART_BYTES = 1024 * 1024;
const MAX_PART_BYTES = 4096 * MIN_PART_BYTES;
const PER_PAGE = 50;
/** An upload without activity may go after this long. */
export const IDLE_MS = 24 * HOUR;
/** For this long after its end, completing or aborting an upload again gives the same answer. */
export const REPEAT_MS = 24 * HOUR;

export async function initiateMultipartUpload(call: Call): Promise<Reply> {
  const { clock, store } = call.glacier;
  const { name } = vaultOf(call).record;
  const partBytes = checkedPartSize(call.header('x-amz-part-size'));
  const description = checkedDescription((call.header('x-amz-archive-description') ?? '').trimStart());
  const at = clock.serviceNow();
  const id = newUploadId();
  await store.commit(at, [
    {
      put: 'upload',
      of: name,
      upload: { id, archiveId: newArchiveId(), description, partBytes, createdAt: at, outcome: null },
    },
  ]);
  await meterUpload(call, 'InitiateMultipartUpload');
  return emptyReply(201, {
    Location: location(call.glacier, name, 'multipart-uploads', id),
    'x-amz-multipart-upload-id': id,
  });
}

function checkedPartSize(text: string | undefined): number {
  if (text === undefined) throw missing('x-amz-part-size');
  const bytes = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(bytes >= MIN_PART_BYTES && bytes <= MAX_PART_BYTES && Number.isInteger(Math.log2(bytes)))) {
    throw badValue(
      `Invalid part size: ${text}. Part size must not be null, must be a power of two and be between ${MIN_PART_BYTES} and ${MAX_PART_BYTES} bytes.`,
    );
  }
  return bytes;
}

export async function completeMultipartUpload(call: Call): Promise<Reply> {
  const { clock, durations, meter, store } = call.glacier;
  const vault = vaultOf(call);
  const sentHash = call.header('x-amz-sha256-tree-hash');
  const sentSize = call.header('x-amz-archive-size');
  const finished = finishedUpload(call, 'completed');
  const upload = finished ?? openUpload(call);
  if (sentSize === undefined) throw missing('x-amz-archive-size');
  if (sentHash === undefined) throw missing('x-amz-sha256-tree-hash');

  const known = vault.archives.get(upload.record.archiveId);
  const size = known?.size ?? assembledBytes(upload);
  if (sentSize !== String(size))
    throw badValue(`Invalid x-amz-archive-size: ${sentSize}. The parts make ${size} bytes.`);
  const treeHash = known?.treeHash ?? assembledHash(upload);
  if (sentHash.toLowerCase() !== treeHash) throw badValue(`Invalid x-amz-sha256-tree-hash: ${sentHash}`);

  const { archiveId: id, description } = upload.record;
  if (finished === null) {
    const at = clock.serviceNow();
    const of = vault.record.name;
    const archive = { id, description, createdAt: at, size, treeHash, deletedAt: null };
    await store.commit(at, [
      { put: 'archive', of, archive },
      { put: 'upload', of, upload: { ...upload.record, outcome: { kind: 'completed', at } } },
      { put: 'vault', vault: written(vault.record, at, durations) },
    ]);
    await meter.add(unstaged(of, upload.record.id, at));
    await meter.add(stored(of, archive));
  }
  await meterUpload(call, 'CompleteMultipartUpload');
  return storedReply(call, id, treeHash);
}

function inOrder(upload: Upload): PartRecord[] {
  return [...upload.parts.values()].sort((a, b) => a.index - b.index);
}

/** Sum of the parts. @throws ServiceError 400 if there are none, one is missing or one before the last is short. */
function assembledBytes(upload: Upload): number {
  const parts = inOrder(upload);
  if (parts.length === 0) throw badValue('The upload has no parts.');
  const { partBytes } = upload.record;
  for (const [place, part] of parts.entries()) {
    if (part.index !== place)
      throw badValue(`The upload has a gap: no part starts at byte ${place * partBytes}.`);
    if (part.bytes < partBytes && place < parts.length - 1) {
      throw badValue(
        `The upload has a gap: the part at byte ${place * partBytes} has only ${part.bytes} bytes.`,
      );
    }
  }
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

function assembledHash(upload: Upload): string {
  return combine(inOrder(upload).map(({ treeHash }) => Buffer.from(treeHash, 'hex'))).toString('hex');
}

export async function abortMultipartUpload(call: Call): Promise<Reply> {
  const { clock, store } = call.glacier;
  const vault = vaultOf(call);
  if (finishedUpload(call, 'aborted') !== null) return emptyReply(204);
  const { record } = openUpload(call);
  const at = clock.serviceNow();
  await store.commit(at, [
    { put: 'upload', of: vault.record.name, upload: { ...record, outcome: { kind: 'aborted', at } } },
  ]);
  await call.glacier.meter.add(unstaged(vault.record.name, record.id, at));
  await store.files.remove(record.archiveId);
  return emptyReply(204);
}

export function listMultipartUploads(call: Call): Reply {
  const { glacier } = call;
  const vault = vaultOf(call);
  const open = vault.uploads.values().filter((upload) => isOpen(glacier, upload));
  const { items, marker } = page(
    open,
    ({ record }) => timeKey(record.createdAt, record.id),
    call.query,
    PER_PAGE,
  );
  return jsonReply(200, {
    Marker: marker,
    UploadsList: items.map((upload) => uploadJson(glacier, vault, upload)),
  });
}

export function listParts(call: Call): Reply {
  const vault = vaultOf(call);
  const upload = openUpload(call);
  const { partBytes } = upload.record;
  const { items, marker } = page(
    upload.parts.values(),
    ({ index }) => timeKey(index, ''),
    call.query,
    PER_PAGE,
  );
  return jsonReply(200, {
    ...uploadJson(call.glacier, vault, upload),
    Marker: marker,
    Parts: items.map(({ index, bytes, treeHash }) => ({
      RangeInBytes: `${index * partBytes}-${index * partBytes + bytes - 1}`,
      SHA256TreeHash: treeHash,
    })),
  });
}

function uploadJson(glacier: Glacier, vault: Vault, { record }: Upload): object {
  return {
    ArchiveDescription: record.description === '' ? null : record.description,
    CreationDate: isoMillis(record.createdAt),
    MultipartUploadId: record.id,
    PartSizeInBytes: record.partBytes,
    VaultARN: vaultArn(glacier, vault.record.name),
  };
}

/** The open upload the path names. @throws ServiceError 404 */
export function openUpload(call: Call): Upload {
  const id = param(call, 'upload');
  const upload = vaultOf(call).uploads.get(id);
  if (upload === undefined || !isOpen(call.glacier, upload))
    throw notFound(`The upload ID was not found: ${id}`);
  return upload;
}

/** The upload the path names if it ended so a short time ago. */
function finishedUpload(call: Call, kind: 'completed' | 'aborted'): Upload | null {
  const upload = vaultOf(call).uploads.get(param(call, 'upload'));
  const outcome = upload?.record.outcome ?? null;
  if (upload === undefined || outcome?.kind !== kind) return null;
  return call.glacier.clock.serviceNow() < outcome.at + REPEAT_MS ? upload : null;
}

/** Whether an upload has neither ended nor been idle too long. One that is being written to is not idle. */
export function isOpen(glacier: Glacier, { record, activeAt }: Upload): boolean {
  if (record.outcome !== null) return false;
  if (glacier.clock.serviceNow() < activeAt + IDLE_MS) return true;
  return glacier.partWrites.keys().some((slot) => slot.startsWith(`${record.id} `));
}
