/** InitiateJob: checks what is asked for and fixes, at once, what the job will deliver and when. */
import { z } from 'zod';
import { emptyReply, type Reply } from '../exchange.ts';
import {
  type ByteRange,
  combine,
  isMegabyteAligned,
  isTreeHashAligned,
  leafCount,
  LEAF_BYTES,
} from '../treeHash.ts';
import { enforceCapacity } from './capacity.ts';
import { badValue, missing, notFound } from './errors.ts';
import { type Call, checkedDescription, type Glacier, location, vaultArn, vaultOf } from './glacier.ts';
import { HOUR, newJobId } from './identifiers.ts';
import { inventoryDate, readDate, readMarker } from './inventory.ts';
import { retrieval } from './metering.ts';
import { checkedTopic } from './notifications.ts';
import { type ArchiveRecord, type JobRecord, tiers, type Vault } from './records.ts';
import { readJson } from './requestBody.ts';
import { enforceRetrievalPolicy } from './retrievalPolicy.ts';

const text = z.string().nullish();
const jobRequest = z.object({
  Type: text,
  ArchiveId: text,
  Description: text,
  SNSTopic: text,
  RetrievalByteRange: text,
  Tier: text,
  Format: text,
  InventoryRetrievalParameters: z
    .object({
      StartDate: text,
      EndDate: text,
      Limit: z.union([z.string(), z.number().transform(String)]).nullish(),
      Marker: text,
    })
    .nullish(),
});
type JobRequest = z.infer<typeof jobRequest>;

/** What a job has whatever it is for. */
type Common = Pick<JobRecord, 'id' | 'description' | 'snsTopic' | 'createdAt'>;

export async function initiateJob(call: Call): Promise<Reply> {
  const { clock, store } = call.glacier;
  const vault = vaultOf(call);
  const request = readJson(call.body, jobRequest, 'job parameters');
  const common: Common = {
    id: newJobId(),
    description: request.Description ? checkedDescription(request.Description) : null,
    snsTopic: checkedTopic(request.SNSTopic),
    createdAt: clock.serviceNow(),
  };
  const job = await newJob(call.glacier, vault, request, common);
  if (job.kind === 'archive') {
    enforceRetrievalPolicy(call.glacier, job);
    enforceCapacity(call.glacier, job);
  }
  await store.commit(job.createdAt, [{ put: 'job', of: vaultOf(call).record.name, job }]);
  if (job.kind === 'archive') await call.glacier.meter.add(retrieval(vault.record.name, job));
  return emptyReply(202, {
    Location: location(call.glacier, vault.record.name, 'jobs', job.id),
    'x-amz-job-id': job.id,
  });
}

function newJob(
  glacier: Glacier,
  vault: Vault,
  request: JobRequest,
  common: Common,
): JobRecord | Promise<JobRecord> {
  switch (request.Type) {
    case null:
    case undefined:
      throw missing('Type');
    case 'archive-retrieval':
      return archiveJob(glacier, vault, request, common);
    case 'inventory-retrieval':
      return inventoryJob(glacier, vault, request, common);
    default:
      throw badValue(`Invalid job type: ${request.Type}`);
  }
}

async function archiveJob(
  glacier: Glacier,
  vault: Vault,
  request: JobRequest,
  common: Common,
): Promise<JobRecord> {
  const { ArchiveId: archiveId } = request;
  if (!archiveId) throw missing('ArchiveId');
  const tier = request.Tier ?? 'Standard';
  if (!isTier(tier)) throw badValue(`Invalid tier: ${tier}`);
  const archive = vault.archives.get(archiveId);
  if (archive?.deletedAt !== null) throw notFound(`The archive ID was not found: ${archiveId}`);
  const range = retrievalRange(request.RetrievalByteRange, archive.size);
  return {
    ...common,
    kind: 'archive',
    archiveId,
    archiveBytes: archive.size,
    archiveTreeHash: archive.treeHash,
    ...range,
    rangeTreeHash: isTreeHashAligned(range, archive.size) ? await rangeHash(glacier, archive, range) : null,
    tier,
    completesAt: common.createdAt + glacier.durations[tier] * HOUR,
  };
}

function isTier(text: string): text is (typeof tiers)[number] {
  return (tiers as readonly string[]).includes(text);
}

/** Hash of a tree-hash-aligned range of an archive, from its leaves: the range itself is not read. */
export async function rangeHash(
  glacier: Glacier,
  archive: Pick<ArchiveRecord, 'id' | 'size' | 'treeHash'>,
  { first, last }: ByteRange,
): Promise<string> {
  if (first === 0 && last === archive.size - 1) return archive.treeHash;
  const leaves = await glacier.store.files.leaves(archive.id, first / LEAF_BYTES, leafCount(last + 1));
  return combine(leaves).toString('hex');
}

function retrievalRange(range: string | null | undefined, size: number): ByteRange {
  if (range === null || range === undefined) return { first: 0, last: size - 1 };
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(range);
  const wanted = { first: Number(match?.[1]), last: Number(match?.[2]) };
  if (match === null || !isMegabyteAligned(wanted, size)) {
    throw badValue(
      `Invalid byte range: ${range}. A range lies in the archive, starts at a multiple of 1 MiB, and ends before one or with the archive.`,
    );
  }
  return wanted;
}

function inventoryJob(glacier: Glacier, vault: Vault, request: JobRequest, common: Common): JobRecord {
  if (request.ArchiveId) throw badValue('An inventory retrieval takes no ArchiveId.');
  if (request.RetrievalByteRange) throw badValue('An inventory retrieval takes no RetrievalByteRange.');
  const format = request.Format ?? 'JSON';
  if (format !== 'JSON' && format !== 'CSV') throw badValue(`Invalid format: ${format}`);
  const { StartDate, EndDate, Limit, Marker } = request.InventoryRetrievalParameters ?? {};
  if (StartDate) readDate(StartDate);
  if (EndDate) readDate(EndDate);
  if (Marker) readMarker(Marker);
  if (Limit && !/^0*[1-9]\d{0,14}$/.test(Limit)) throw badValue(`Invalid limit: ${Limit}`);
  const inventoryAt = inventoryDate(vault.record, common.createdAt, glacier.durations);
  if (inventoryAt === null)
    throw notFound(`No inventory has been taken yet of the vault: ${vaultArn(glacier, vault.record.name)}`);
  return {
    ...common,
    kind: 'inventory',
    inventoryAt,
    format,
    startDate: StartDate || null,
    endDate: EndDate || null,
    limit: Limit || null,
    marker: Marker || null,
    completesAt: common.createdAt + glacier.durations.inventoryJob * HOUR,
  };
}
