/** Answers of the vault service, read into our own words; what they always hold is checked as in vaultAnswers.ts. */
import type {
  DescribeVaultOutput,
  GetDataRetrievalPolicyOutput,
  GetVaultLockOutput,
  GlacierJobDescription,
  ListTagsForVaultOutput,
  ProvisionedCapacityDescription,
} from '@aws-sdk/client-glacier';
import type { CapacityUnit, RetrievalPolicy } from '../../../shared/vaultTypes.ts';
import { unexpectedAnswer } from './awsFailure.ts';
import type { Call } from './awsSentences.ts';
import type { Tier } from './target.ts';
import { ifGiven, present, readCount, readHash, readJob, readText, readTime } from './vaultAnswers.ts';
import type { LockInfo, VaultInfo, VaultJob } from './service.ts';

export function readVault(vault: DescribeVaultOutput, call: Call): VaultInfo {
  return {
    name: readText(vault.VaultName, call),
    arn: readText(vault.VaultARN, call),
    createdAt: readTime(vault.CreationDate, call),
    inventoryAt: ifGiven(vault.LastInventoryDate, readTime, call),
    archives: ifGiven(vault.NumberOfArchives, readCount, call) ?? 0,
    bytes: ifGiven(vault.SizeInBytes, readCount, call) ?? 0,
  };
}

export function readVaultJob(job: GlacierJobDescription, call: Call): VaultJob {
  const { jobId, description, archiveId, range, state, reason, createdAt, completedAt } = readJob(job, call);
  const asked = job.InventoryRetrievalParameters;
  const kind = archiveId !== null ? 'archive' : job.Action === 'InventoryRetrieval' ? 'inventory' : 'other';
  return {
    ...{ jobId, kind, description, state, reason, createdAt, completedAt },
    snsTopic: ifGiven(job.SNSTopic, readText, call),
    tier: tiers.get(job.Tier ?? '') ?? null,
    archiveId,
    archiveBytes: ifGiven(job.ArchiveSizeInBytes, readCount, call),
    archiveTreeHash: ifGiven(job.ArchiveSHA256TreeHash, readHash, call),
    range,
    treeHash: ifGiven(job.SHA256TreeHash, readHash, call),
    inventory:
      kind !== 'inventory'
        ? null
        : {
            format: asked?.Format === 'CSV' ? 'csv' : 'json',
            ...(asked?.StartDate !== undefined && { startDate: readTime(asked.StartDate, call) }),
            ...(asked?.EndDate !== undefined && { endDate: readTime(asked.EndDate, call) }),
            ...(asked?.Limit !== undefined && { limit: readLimit(asked.Limit, call) }),
          },
    inventoryBytes: ifGiven(job.InventorySizeInBytes, readCount, call),
    nextMarker: completedAt === null ? null : ifGiven(asked?.Marker, readText, call),
  };
}

/** Listed as a text. */
function readLimit(text: string, call: Call): number {
  return readCount(Number(readText(text, call)), call);
}

const tiers: ReadonlyMap<string, Tier> = new Map([
  ['Expedited', 'expedited'],
  ['Standard', 'standard'],
  ['Bulk', 'bulk'],
]);

export function readLock(lock: GetVaultLockOutput, call: Call): LockInfo {
  const isLocked = lock.State === 'Locked';
  if (!isLocked && lock.State !== 'InProgress') throw unexpectedAnswer(call);
  return {
    state: isLocked ? 'locked' : 'testing',
    policy: readText(lock.Policy, call),
    createdAt: readTime(lock.CreationDate, call),
    expiresAt: isLocked ? null : readTime(lock.ExpirationDate, call),
  };
}

export function readTags({ Tags = {} }: ListTagsForVaultOutput): Readonly<Record<string, string>> {
  return Tags;
}

/** An account that has never set one has none. */
export function readRetrievalPolicy({ Policy }: GetDataRetrievalPolicyOutput, call: Call): RetrievalPolicy {
  const rule = present(Policy, call).Rules?.[0];
  switch (rule?.Strategy) {
    case undefined:
    case 'None':
      return { kind: 'none' };
    case 'FreeTier':
      return { kind: 'free-tier' };
    case 'BytesPerHour':
      return { kind: 'rate', bytesPerHour: readCount(rule.BytesPerHour, call) };
    default:
      throw unexpectedAnswer(call);
  }
}

export function readCapacity(unit: ProvisionedCapacityDescription, call: Call): CapacityUnit {
  return {
    id: readText(unit.CapacityId, call),
    startsAt: readTime(unit.StartDate, call),
    expiresAt: readTime(unit.ExpirationDate, call),
  };
}
