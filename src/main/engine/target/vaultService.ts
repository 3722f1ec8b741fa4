/**
 * Vault service: everything Amazon Glacier offers, through its client. The words for it are in service.ts.
 *
 * Every call tries again through passing trouble (patience.ts). Most may arrive twice with no harm. Those that make
 * something new each time look first, before they are made again, whether the earlier try has had its effect: jobs are
 * found by their description, provisioned capacity by a unit that was not there before. Starting a lock is not made
 * again at all, because its id is told only once: the caller reconciles.
 */
import { Readable } from 'node:stream';
import {
  AbortVaultLockCommand,
  AddTagsToVaultCommand,
  CompleteVaultLockCommand,
  CreateVaultCommand,
  DeleteArchiveCommand,
  DeleteVaultAccessPolicyCommand,
  DeleteVaultCommand,
  DeleteVaultNotificationsCommand,
  DescribeJobCommand,
  DescribeVaultCommand,
  GetDataRetrievalPolicyCommand,
  GetJobOutputCommand,
  GetVaultAccessPolicyCommand,
  GetVaultLockCommand,
  GetVaultNotificationsCommand,
  InitiateJobCommand,
  InitiateMultipartUploadCommand,
  InitiateVaultLockCommand,
  ListJobsCommand,
  ListProvisionedCapacityCommand,
  ListTagsForVaultCommand,
  ListVaultsCommand,
  PurchaseProvisionedCapacityCommand,
  RemoveTagsFromVaultCommand,
  SetDataRetrievalPolicyCommand,
  SetVaultAccessPolicyCommand,
  SetVaultNotificationsCommand,
  type JobParameters,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-glacier';
import type { CapacityUnit, NotificationEvent, RetrievalPolicy } from '../../../shared/vaultTypes.ts';
import { unexpectedAnswer } from './awsFailure.ts';
import type { Call } from './awsSentences.ts';
import { assertDescription } from './description.ts';
import { pagedList } from './pages.ts';
import { patient, patientList, type RetryOptions } from './patience.ts';
import { retrying } from './retry.ts';
import { ServiceFailure } from './serviceFailure.ts';
import type {
  ArchiveOrder,
  InventoryOrder,
  JobFilter,
  ServiceNature,
  VaultInfo,
  VaultJob,
  VaultService,
} from './service.ts';
import type { JobId, UploadId } from './target.ts';
import { assertVaultName, openVault, tierNames, unlessGone } from './vault.ts';
import { assertRange, present, writeRange } from './vaultAnswers.ts';
import { openVaultClient, type GlacierCommand, type VaultClientOptions } from './vaultClient.ts';
import {
  readCapacity,
  readLock,
  readRetrievalPolicy,
  readTags,
  readVault,
  readVaultJob,
} from './vaultServiceAnswers.ts';

const eventNames = {
  'archive-ready': 'ArchiveRetrievalCompleted',
  'inventory-ready': 'InventoryRetrievalCompleted',
} as const satisfies Record<NotificationEvent, string>;
const stateNames = { waiting: 'InProgress', ready: 'Succeeded', failed: 'Failed' } as const;

/** Opens nothing yet: the first call connects. */
export function openVaultService(
  options: VaultClientOptions,
  { traits, now, ...patience }: Partial<ServiceNature> & RetryOptions = {},
): VaultService {
  const client = openVaultClient(options);
  const { region } = options;
  const attempt = patient(patience);
  const onVaults = (operation: string): Call => ({
    operation,
    place: `vaults in ${region}`,
    host: client.host,
    subject: 'service',
  });
  const onVault = (operation: string, vault: string, subject: Call['subject'] = 'vault'): Call => ({
    operation,
    place: `vault ${vault} in ${region}`,
    host: client.host,
    subject,
  });
  const ask = <In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    call: Call,
    command: GlacierCommand<In, Out>,
    signal?: AbortSignal,
  ): Promise<Out> => attempt(() => client.send(call, command, { signal }), signal);

  /** For what a vault may not have set: the same answer is given where there is no such vault. */
  async function unlessUnset<T>(vault: string, asked: Promise<T>, signal?: AbortSignal): Promise<T | null> {
    const answer = await asked.catch(unlessGone);
    if (answer !== undefined) return answer;
    await describeVault(vault, signal);
    return null;
  }

  async function describeVault(vault: string, signal?: AbortSignal): Promise<VaultInfo> {
    const call = onVault('DescribeVault', vault);
    return readVault(await ask(call, new DescribeVaultCommand(where(vault)), signal), call);
  }

  async function listCapacity(signal?: AbortSignal): Promise<CapacityUnit[]> {
    const call = onVaults('ListProvisionedCapacity');
    const answer = await ask(call, new ListProvisionedCapacityCommand(account), signal);
    return present(answer.ProvisionedCapacityList, call).map((unit) => readCapacity(unit, call));
  }

  function listJobs(vault: string, { completed, state }: JobFilter = {}, signal?: AbortSignal) {
    const call = onVault('ListJobs', vault);
    const filter = {
      ...(completed !== undefined && { completed: String(completed) }),
      ...(state !== undefined && { statuscode: stateNames[state] }),
    };
    const list = pagedList(async (marker) => {
      const command = new ListJobsCommand({ ...where(vault), ...filter, marker });
      const page = await client.send(call, command, { signal });
      const jobs = present(page.JobList, call);
      return { items: jobs.map((job) => readVaultJob(job, call)), marker: page.Marker };
    });
    return patientList(list, attempt, signal);
  }

  async function describeJob(vault: string, jobId: JobId, signal?: AbortSignal): Promise<VaultJob> {
    const call = onVault('DescribeJob', vault, 'job');
    return readVaultJob(await ask(call, new DescribeJobCommand({ ...where(vault), jobId }), signal), call);
  }

  /** Starts a job; a start whose answer was lost is found by the description, which is the caller's alone. */
  function initiate(
    vault: string,
    subject: 'vault' | 'archive',
    wanted: JobParameters,
    signal?: AbortSignal,
  ) {
    const { Description: description = '' } = wanted;
    assertDescription(description);
    const call = onVault('InitiateJob', vault, subject);
    return attempt(async (isRepeat) => {
      const begun = isRepeat ? await findJob(listJobs(vault, {}, signal), description) : undefined;
      if (begun !== undefined) return begun;
      const command = new InitiateJobCommand({ ...where(vault), jobParameters: wanted });
      return present((await client.send(call, command, { signal })).jobId, call) as JobId;
    }, signal);
  }

  return {
    region,
    host: client.host,
    now: now ?? client.now,
    target: (vault) =>
      retrying(openVault({ ...options, vault, ...(traits !== undefined && { traits }) }), patience),

    listVaults(signal) {
      const call = onVaults('ListVaults');
      const list = pagedList(async (marker) => {
        const page = await client.send(call, new ListVaultsCommand({ ...account, marker }), { signal });
        const vaults = present(page.VaultList, call);
        return { items: vaults.map((vault) => readVault(vault, call)), marker: page.Marker };
      });
      return patientList(list, attempt, signal);
    },
    describeVault,
    async createVault(vault, signal) {
      const call = onVault('CreateVault', vault);
      present((await ask(call, new CreateVaultCommand(where(vault)), signal)).location, call);
    },
    async deleteVault(vault, signal) {
      const call = onVault('DeleteVault', vault);
      await ask(call, new DeleteVaultCommand(where(vault)), signal).catch((error: unknown) => {
        if (error instanceof ServiceFailure && error.kind === 'not-found') return;
        throw error instanceof ServiceFailure && error.kind === 'invalid'
          ? notEmpty(call.place, error)
          : error;
      });
    },

    async notifications(vault, signal) {
      const call = onVault('GetVaultNotifications', vault);
      const asked = ask(call, new GetVaultNotificationsCommand(where(vault)), signal);
      const answer = await unlessUnset(vault, asked, signal);
      if (answer === null) return null;
      const { SNSTopic, Events } = present(answer.vaultNotificationConfig, call);
      const named = present(Events, call);
      const events = (Object.keys(eventNames) as NotificationEvent[]).filter((event) =>
        named.includes(eventNames[event]),
      );
      return { topic: present(SNSTopic, call), events };
    },
    async setNotifications(vault, { topic, events }, signal) {
      const config = { SNSTopic: topic, Events: events.map((event) => eventNames[event]) };
      const command = new SetVaultNotificationsCommand({ ...where(vault), vaultNotificationConfig: config });
      await ask(onVault('SetVaultNotifications', vault, 'settings'), command, signal);
    },
    async deleteNotifications(vault, signal) {
      const command = new DeleteVaultNotificationsCommand(where(vault));
      await ask(onVault('DeleteVaultNotifications', vault), command, signal);
    },

    async accessPolicy(vault, signal) {
      const call = onVault('GetVaultAccessPolicy', vault);
      const asked = ask(call, new GetVaultAccessPolicyCommand(where(vault)), signal);
      const answer = await unlessUnset(vault, asked, signal);
      return answer === null ? null : present(answer.policy?.Policy, call);
    },
    async setAccessPolicy(vault, policy, signal) {
      const command = new SetVaultAccessPolicyCommand({ ...where(vault), policy: { Policy: policy } });
      await ask(onVault('SetVaultAccessPolicy', vault, 'settings'), command, signal);
    },
    async deleteAccessPolicy(vault, signal) {
      const command = new DeleteVaultAccessPolicyCommand(where(vault));
      await ask(onVault('DeleteVaultAccessPolicy', vault), command, signal);
    },

    async lock(vault, signal) {
      const call = onVault('GetVaultLock', vault);
      const asked = ask(call, new GetVaultLockCommand(where(vault)), signal);
      const answer = await unlessUnset(vault, asked, signal);
      return answer === null ? null : readLock(answer, call);
    },
    async startLock(vault, policy, signal) {
      const call = onVault('InitiateVaultLock', vault, 'settings');
      const command = new InitiateVaultLockCommand({ ...where(vault), policy: { Policy: policy } });
      return present((await client.send(call, command, { signal })).lockId, call);
    },
    async completeLock(vault, lockId, signal) {
      const call = onVault('CompleteVaultLock', vault, 'lock');
      await ask(call, new CompleteVaultLockCommand({ ...where(vault), lockId }), signal);
    },
    async abortLock(vault, signal) {
      await ask(onVault('AbortVaultLock', vault), new AbortVaultLockCommand(where(vault)), signal);
    },

    async tags(vault, signal) {
      const call = onVault('ListTagsForVault', vault);
      return readTags(await ask(call, new ListTagsForVaultCommand(where(vault)), signal));
    },
    async addTags(vault, tags, signal) {
      const command = new AddTagsToVaultCommand({ ...where(vault), Tags: { ...tags } });
      await ask(onVault('AddTagsToVault', vault, 'settings'), command, signal);
    },
    async removeTags(vault, keys, signal) {
      const command = new RemoveTagsFromVaultCommand({ ...where(vault), TagKeys: [...keys] });
      await ask(onVault('RemoveTagsFromVault', vault, 'settings'), command, signal);
    },

    async retrievalPolicy(signal) {
      const call = onVaults('GetDataRetrievalPolicy');
      const answer = await ask(call, new GetDataRetrievalPolicyCommand(account), signal);
      return readRetrievalPolicy(answer, call);
    },
    async setRetrievalPolicy(policy, signal) {
      const command = new SetDataRetrievalPolicyCommand({
        ...account,
        Policy: { Rules: [ruleOf(policy)] },
      });
      await ask({ ...onVaults('SetDataRetrievalPolicy'), subject: 'settings' }, command, signal);
    },

    listCapacity,
    async buyCapacity(signal) {
      const call = onVaults('PurchaseProvisionedCapacity');
      const before = new Set((await listCapacity(signal)).map(({ id }) => id));
      return attempt(async (isRepeat) => {
        const bought = isRepeat ? (await listCapacity(signal)).find(({ id }) => !before.has(id)) : undefined;
        if (bought !== undefined) return bought.id;
        const answer = await client.send(call, new PurchaseProvisionedCapacityCommand(account), { signal });
        return present(answer.capacityId, call);
      }, signal);
    },

    async beginUpload(vault, description, partBytes, signal) {
      const call = onVault('InitiateMultipartUpload', vault);
      const wanted = { archiveDescription: description, partSize: String(partBytes) };
      const command = new InitiateMultipartUploadCommand({ ...where(vault), ...wanted });
      return present((await ask(call, command, signal)).uploadId, call) as UploadId;
    },
    async deleteArchive(vault, archiveId, signal) {
      const command = new DeleteArchiveCommand({ ...where(vault), archiveId });
      const call = onVault('DeleteArchive', vault, 'archive');
      await ask(call, command, signal);
    },

    initiateInventory: (vault, order, signal) => initiate(vault, 'vault', inventoryJob(order), signal),
    initiateArchiveRetrieval: (vault, order, signal) => initiate(vault, 'archive', archiveJob(order), signal),
    describeJob,
    listJobs,
    async readJobOutput(vault, jobId, read, signal) {
      const call = onVault('GetJobOutput', vault, 'job');
      const { inventoryBytes, archiveBytes, range } = await describeJob(vault, jobId, signal);
      const retrieved = range === null ? archiveBytes : range.end - range.first;
      const limits = { signal, bytes: inventoryBytes ?? retrieved ?? 0 };
      const command = new GetJobOutputCommand({ ...where(vault), jobId });
      return attempt(
        () =>
          client.sendAndRead(
            call,
            command,
            ({ body, contentType }) => {
              if (!(body instanceof Readable)) throw unexpectedAnswer(call);
              if (!/html/i.test(contentType ?? '')) return read(body as AsyncIterable<Buffer>);
              body.destroy();
              throw unexpectedAnswer(call);
            },
            limits,
          ),
        signal,
      );
    },

    close: () => client.close(),
  };
}

const account = { accountId: '-' };

/** @throws EngineError `invalid` for a name no vault can have */
function where(vault: string): { readonly accountId: string; readonly vaultName: string } {
  assertVaultName(vault);
  return { ...account, vaultName: vault };
}

function inventoryJob({ format, startDate, endDate, limit, marker, ...job }: InventoryOrder): JobParameters {
  return {
    Type: 'inventory-retrieval',
    Format: format.toUpperCase(),
    Description: job.description,
    ...(job.snsTopic !== undefined && { SNSTopic: job.snsTopic }),
    InventoryRetrievalParameters: {
      ...(startDate !== undefined && { StartDate: toSeconds(startDate) }),
      ...(endDate !== undefined && { EndDate: toSeconds(endDate) }),
      ...(limit !== undefined && { Limit: String(limit) }),
      ...(marker !== undefined && { Marker: marker }),
    },
  };
}

function archiveJob({ archiveId, range, tier, description, snsTopic }: ArchiveOrder): JobParameters {
  if (range !== null) assertRange(range);
  return {
    Type: 'archive-retrieval',
    ArchiveId: archiveId,
    Description: description,
    Tier: tierNames[tier],
    ...(range !== null && { RetrievalByteRange: writeRange(range) }),
    ...(snsTopic !== undefined && { SNSTopic: snsTopic }),
  };
}

function ruleOf(policy: RetrievalPolicy): { Strategy: string; BytesPerHour?: number } {
  switch (policy.kind) {
    case 'none':
      return { Strategy: 'None' };
    case 'free-tier':
      return { Strategy: 'FreeTier' };
    case 'rate':
      return { Strategy: 'BytesPerHour', BytesPerHour: policy.bytesPerHour };
  }
}

/** A time as inventories' filters take it: whole seconds. */
function toSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}/, '');
}

async function findJob(jobs: AsyncIterable<VaultJob>, description: string): Promise<JobId | undefined> {
  for await (const job of jobs) {
    if (job.description === description && job.state !== 'failed') return job.jobId;
  }
  return undefined;
}

/** The service says only "invalid" of a vault that cannot be deleted yet; the name has been checked before. */
function notEmpty(place: string, cause: ServiceFailure): ServiceFailure {
  return new ServiceFailure({
    kind: 'conflict',
    message: `The ${place} is not empty by its last inventory, or was written to since.`,
    safe: 'Nothing was deleted.',
    advice: 'Delete its archives, wait for the next inventory (about a day), then try again.',
    cause: cause.message,
  });
}
