/** UploadArchive and DeleteArchive, and the checks of a streamed body that parts share. */
import { emptyReply, type Reply } from '../exchange.ts';
import type { Received } from '../receive.ts';
import { combine } from '../treeHash.ts';
import { badSignature, badValue, missing, notFound } from './errors.ts';
import { type Call, checkedDescription, location, param, vaultArn, vaultOf } from './glacier.ts';
import { newArchiveId } from './identifiers.ts';
import { written } from './inventory.ts';
import { meterUpload, removed, stored } from './metering.ts';

const MOST_BYTES = 4096 * 1024 * 1024;

export async function uploadArchive(call: Call): Promise<Reply> {
  const { clock, durations, store } = call.glacier;
  const vault = vaultOf(call);
  const description = checkedDescription((call.header('x-amz-archive-description') ?? '').trimStart());
  const claim = bodyClaim(call);
  if (claim.bytes === 0 || claim.bytes > MOST_BYTES) throw badValue(`Invalid Content-Length: ${claim.bytes}`);

  const id = newArchiveId();
  let treeHash;
  try {
    treeHash = checkBody(claim, await store.files.write(id, { offset: 0, bytes: claim.bytes }, call.stream));
    const at = clock.serviceNow();
    const record = vaultOf(call).record; // the vault may have gone meanwhile
    const archive = { id, description, createdAt: at, size: claim.bytes, treeHash, deletedAt: null };
    await store.commit(at, [
      { put: 'archive', of: record.name, archive },
      { put: 'vault', vault: written(record, at, durations) },
    ]);
    await call.glacier.meter.add(stored(record.name, archive));
    await meterUpload(call, 'UploadArchive');
  } catch (error) {
    if (!vault.archives.has(id)) await store.files.remove(id);
    throw error;
  }
  return storedReply(call, id, treeHash);
}

/** The answer to an upload or a completed multipart upload. */
export function storedReply(call: Call, archiveId: string, treeHash: string): Reply {
  return emptyReply(201, {
    Location: location(call.glacier, param(call, 'vault'), 'archives', archiveId),
    'x-amz-archive-id': archiveId,
    'x-amz-sha256-tree-hash': treeHash,
  });
}

/** What a client says of the body it sends. */
interface BodyClaim {
  readonly bytes: number;
  readonly sha256: string;
  readonly treeHash: string;
}

/** Reads the headers every streamed body must have. @throws ServiceError 400 */
export function bodyClaim(call: Call): BodyClaim {
  const [length, sha256, treeHash] = ['Content-Length', 'x-amz-content-sha256', 'x-amz-sha256-tree-hash'].map(
    (name) => {
      const value = call.header(name.toLowerCase());
      if (value === undefined || value === '') throw missing(name);
      return value;
    },
  ) as [string, string, string];
  return { bytes: Number(length), sha256, treeHash };
}

/** The tree hash of a body that is what the client said. @throws ServiceError */
export function checkBody(claim: BodyClaim, received: Received): string {
  const treeHash = combine(received.leaves).toString('hex');
  if (received.sha256 !== claim.sha256.toLowerCase()) throw wrongPayload(claim.sha256, received.sha256);
  if (treeHash !== claim.treeHash.toLowerCase()) {
    throw badValue(`Checksum mismatch: expected ${claim.treeHash.padStart(64, '0')}, computed ${treeHash}`);
  }
  return treeHash;
}

/** The payload's hash is part of what is signed, so a body that does not match it is not the one that was signed. */
export function wrongPayload(sent: string, computed: string): Error {
  return badSignature(
    `x-amz-content-sha256 is not the hash of the payload: sent ${sent}, computed ${computed}.`,
  );
}

/** Deleting twice is deleting once; an id of another vault is told apart from one that never was. */
export async function deleteArchive(call: Call): Promise<Reply> {
  const { clock, durations, store } = call.glacier;
  const vault = vaultOf(call);
  const { name } = vault.record;
  const id = param(call, 'archive');
  const archive = vault.archives.get(id);
  if (archive === undefined) {
    const elsewhere = store.state.vaults.values().some((other) => other.archives.get(id)?.deletedAt === null);
    throw elsewhere
      ? badValue(`Invalid vault name: ${vaultArn(call.glacier, name)}`)
      : notFound(`The archive ID was not found: ${id}`);
  }
  if (archive.deletedAt !== null) return emptyReply(204);
  const at = clock.serviceNow();
  await store.commit(at, [
    { put: 'archive', of: name, archive: { ...archive, deletedAt: at } },
    { put: 'vault', vault: written(vault.record, at, durations) },
  ]);
  await call.glacier.meter.add(removed(name, id, at));
  // The output of a finished job stays readable; the sweep removes the bytes with the job.
  const needed = vault.jobs
    .values()
    .some((job) => job.kind === 'archive' && job.archiveId === id && job.completesAt < at);
  if (!needed) await store.files.remove(id);
  return emptyReply(204);
}
