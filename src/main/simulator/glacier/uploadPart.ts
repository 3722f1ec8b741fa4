/**
 * UploadMultipartPart.
 *
 * A part goes straight to its place in the archive's file. Only where something is already there, or is being
 * written at this moment (a client that gave up on an answer and sends again), it is taken in beside the file and
 * put in place once it has proved right: a bad second try must not harm an acknowledged part.
 */
import { emptyReply, type Reply } from '../exchange.ts';
import { bodyClaim, checkBody } from './archives.ts';
import { badValue, missing, notFound } from './errors.ts';
import { type Call, param, vaultOf } from './glacier.ts';
import { meterUpload, staged } from './metering.ts';
import { openUpload } from './multipart.ts';
import type { PartRecord, Upload } from './records.ts';

const MOST_PARTS = 10_000;

export async function uploadMultipartPart(call: Call): Promise<Reply> {
  const { partWrites } = call.glacier;
  const upload = openUpload(call);
  const index = partIndex(call, upload.record.partBytes);
  const slot = `${upload.record.id} ${index}`;
  const before = partWrites.get(slot);
  const { promise: end, resolve } = Promise.withResolvers<undefined>();
  partWrites.set(slot, end);
  try {
    const inPlace = before === undefined && !upload.parts.has(index);
    const treeHash = inPlace
      ? await storePart(call, upload, index)
      : await replacePart(call, upload, index, before);
    return emptyReply(204, { 'x-amz-sha256-tree-hash': treeHash });
  } finally {
    resolve(undefined);
    if (partWrites.get(slot) === end) partWrites.delete(slot);
    const now = call.glacier.store.state.vaults.get(param(call, 'vault'))?.uploads.get(upload.record.id);
    // Aborted or gone while its file was being written, which may have made the file once more.
    if (now === undefined || now.record.outcome?.kind === 'aborted') {
      await call.glacier.store.files.remove(upload.record.archiveId);
    }
  }
}

async function storePart(call: Call, upload: Upload, index: number): Promise<string> {
  const claim = bodyClaim(call);
  const place = { offset: index * upload.record.partBytes, bytes: claim.bytes };
  const received = await call.glacier.store.files.write(upload.record.archiveId, place, call.stream);
  const treeHash = checkBody(claim, received);
  await recordPart(call, { index, bytes: claim.bytes, treeHash });
  return treeHash;
}

async function replacePart(
  call: Call,
  upload: Upload,
  index: number,
  before: Promise<void> | undefined,
): Promise<string> {
  const { clock, store } = call.glacier;
  const claim = bodyClaim(call);
  const { archiveId, id, partBytes } = upload.record;
  const aside = await store.files.writeAside(
    archiveId,
    { offset: index * partBytes, bytes: claim.bytes },
    call.stream,
  );
  try {
    const treeHash = checkBody(claim, aside.received);
    await before;
    const there = openUpload(call).parts.get(index);
    if (there?.treeHash !== treeHash || there.bytes !== claim.bytes) {
      // While the new bytes replace the old, neither are there: a kill in between must not leave a part of both.
      if (there !== undefined)
        await store.commit(clock.serviceNow(), [
          { drop: 'part', of: param(call, 'vault'), upload: id, index },
        ]);
      await aside.adopt();
    } else await aside.discard();
    await recordPart(call, { index, bytes: claim.bytes, treeHash });
    return treeHash;
  } catch (error) {
    await aside.discard().catch(() => undefined);
    throw error;
  }
}

async function recordPart(call: Call, part: Omit<PartRecord, 'storedAt'>): Promise<void> {
  const { clock, store } = call.glacier;
  const upload = vaultOf(call).uploads.get(param(call, 'upload'));
  if (upload?.record.outcome !== null) {
    // Aborted, completed or gone while the bytes came in.
    throw notFound(`The upload ID was not found: ${param(call, 'upload')}`);
  }
  const at = clock.serviceNow();
  const stored = { ...part, storedAt: at };
  const of = param(call, 'vault');
  await store.commit(at, [{ put: 'part', of, upload: upload.record.id, part: stored }]);
  await call.glacier.meter.add(staged(of, upload.record.id, stored));
  await meterUpload(call, 'UploadMultipartPart');
}

/** Which part the Content-Range names. @throws ServiceError 400 unless it starts, ends and fits as it must. */
function partIndex(call: Call, partBytes: number): number {
  const range = call.header('content-range');
  const length = call.header('content-length');
  if (range === undefined) throw missing('Content-Range');
  const match = /^bytes (\d{1,15})-(\d{1,15})\/\*$/.exec(range);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (match === null || last < first || first % partBytes !== 0 || last - first + 1 > partBytes) {
    throw badValue(`Invalid Content-Range: ${range}`);
  }
  if (last - first + 1 !== Number(length)) {
    throw badValue(`Content-Range: ${range} is incompatible with Content-Length: ${length ?? 'null'}`);
  }
  const index = first / partBytes;
  if (index >= MOST_PARTS) {
    throw badValue(
      `This is part number ${index + 1} for the current multipart upload. It exceeds the limit of ${MOST_PARTS} parts.`,
    );
  }
  return index;
}
