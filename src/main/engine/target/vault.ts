/**
 * Vault: an Amazon Glacier vault as a target.
 *
 * Always multipart, even for one part: Complete can be repeated after a lost answer and gives the same archive,
 * where a repeated UploadArchive would store (and bill) a second one that only the next inventory shows.
 */
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateVaultCommand,
  DescribeJobCommand,
  DescribeVaultCommand,
  GetJobOutputCommand,
  InitiateJobCommand,
  InitiateMultipartUploadCommand,
  ListJobsCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadMultipartPartCommand,
  type GetJobOutputCommandOutput,
} from '@aws-sdk/client-glacier';
import { EngineError } from '../failure.ts';
import { unexpectedAnswer } from './awsFailure.ts';
import type { Call } from './awsSentences.ts';
import { assertDescription } from './description.ts';
import { pagedList } from './pages.ts';
import { ServiceFailure, type Retry } from './serviceFailure.ts';
import type {
  ArchiveId,
  ByteRange,
  JobId,
  Part,
  RetrievalJob,
  RetrievedBytes,
  Target,
  TargetTraits,
  Tier,
  UploadId,
} from './target.ts';
import {
  assertRange,
  judgeDelivery,
  present,
  readHash,
  readJob,
  readPart,
  readUpload,
  writeRange,
} from './vaultAnswers.ts';
import { vaultTraits } from './vaultTraits.ts';
import { openVaultClient, type VaultClientOptions } from './vaultClient.ts';

export interface VaultOptions extends VaultClientOptions {
  readonly vault: string;
  /** Twelve digits of another account that has opened its vault to us; by default the credentials' own. */
  readonly accountId?: string;
  readonly traits?: Partial<Omit<TargetTraits, 'kind'>>;
}

export const tierNames = {
  expedited: 'Expedited',
  standard: 'Standard',
  bulk: 'Bulk',
} as const satisfies Record<Tier, string>;

/** Opens nothing yet: the first call connects. @throws EngineError `invalid` for a name no vault can have */
export function openVault(options: VaultOptions): Target {
  assertVaultName(options.vault);
  const client = openVaultClient(options);
  const where = { accountId: options.accountId ?? '-', vaultName: options.vault };
  const place = `vault ${options.vault} in ${options.region}`;
  const call = (operation: string, subject: Call['subject'] = 'vault'): Call => ({
    operation,
    place,
    host: client.host,
    subject,
  });

  async function sendPart(uploadId: UploadId, part: Part, signal?: AbortSignal): Promise<void> {
    const { offset, bytes, treeHash, sha256 } = part;
    if (sha256 === null) throw new RangeError('a vault needs the linear hash of each part');
    const now = call('UploadMultipartPart', 'upload');
    const command = new UploadMultipartPartCommand({
      ...where,
      uploadId,
      range: `bytes ${writeRange({ first: offset, end: offset + bytes.length })}/*`,
      body: bytes,
      checksum: treeHash.toString('hex'),
    });
    handInSha256(command, sha256);
    const answer = await client
      .send(now, command, { signal, bytes: bytes.length })
      .catch(rethrow('invalid', (cause) => partRefused(place, cause)));
    if (!readHash(answer.checksum, now).equals(treeHash)) throw partRefused(place);
  }

  async function finishUpload(uploadId: UploadId, size: number, treeHash: Buffer, signal?: AbortSignal) {
    const now = call('CompleteMultipartUpload', 'upload');
    const checksum = treeHash.toString('hex');
    const command = new CompleteMultipartUploadCommand({
      ...where,
      uploadId,
      archiveSize: String(size),
      checksum,
    });
    const answer = await client
      .send(now, command, { signal })
      .catch(rethrow('invalid', (cause) => archiveRefused(place, 'never', cause)));
    if (!readHash(answer.checksum, now).equals(treeHash)) throw archiveRefused(place, 'few');
    return present(answer.archiveId, now) as ArchiveId;
  }

  async function describeRetrieval(jobId: JobId, signal?: AbortSignal): Promise<RetrievalJob> {
    const now = call('DescribeJob', 'job');
    return readJob(await client.send(now, new DescribeJobCommand({ ...where, jobId }), { signal }), now);
  }

  async function readRetrieved(jobId: JobId, first: number, end: number, signal?: AbortSignal) {
    const now = call('GetJobOutput', 'job');
    const command = new GetJobOutputCommand({
      ...where,
      jobId,
      range: `bytes=${writeRange({ first, end })}`,
    });
    const limits = { signal, bytes: end - first };
    try {
      return await client.sendAndRead(
        now,
        command,
        (answer) => readDelivery(answer, { first, end }, now),
        limits,
      );
    } catch (error) {
      // The service says "invalid" both of a job that is not ready and of a range that begins beyond its end.
      if (!(error instanceof ServiceFailure) || error.kind !== 'invalid') throw error;
      throw (await describeRetrieval(jobId, signal)).state === 'ready' ? tooFewBytes(place) : error;
    }
  }

  return {
    traits: { ...vaultTraits, ...options.traits },
    async probe(signal) {
      const now = call('DescribeVault');
      present((await client.send(now, new DescribeVaultCommand(where), { signal })).VaultARN, now);
    },
    async create(signal) {
      const now = call('CreateVault');
      present((await client.send(now, new CreateVaultCommand(where), { signal })).location, now);
    },
    async beginUpload(description, partBytes, signal) {
      assertDescription(description);
      const now = call('InitiateMultipartUpload');
      const wanted = { archiveDescription: description, partSize: String(partBytes) };
      const answer = await client.send(now, new InitiateMultipartUploadCommand({ ...where, ...wanted }), {
        signal,
      });
      return present(answer.uploadId, now) as UploadId;
    },
    sendPart,
    finishUpload,
    async abortUpload(uploadId, signal) {
      const now = call('AbortMultipartUpload', 'upload');
      const command = new AbortMultipartUploadCommand({ ...where, uploadId });
      const answer = await client.send(now, command, { signal }).catch(unlessGone);
      if (answer !== undefined && answer.$metadata.httpStatusCode !== 204) throw unexpectedAnswer(now);
    },
    listUploads(signal) {
      const now = call('ListMultipartUploads');
      return pagedList(async (marker) => {
        const page = await client.send(now, new ListMultipartUploadsCommand({ ...where, marker }), {
          signal,
        });
        const uploads = present(page.UploadsList, now);
        return { items: uploads.map((upload) => readUpload(upload, now)), marker: page.Marker };
      });
    },
    listParts(uploadId, signal) {
      const now = call('ListParts', 'upload');
      return pagedList(async (marker) => {
        const page = await client.send(now, new ListPartsCommand({ ...where, uploadId, marker }), { signal });
        const partBytes = present(page.PartSizeInBytes, now);
        const parts = present(page.Parts, now);
        return { items: parts.map((part) => readPart(part, partBytes, now)), marker: page.Marker };
      });
    },
    async requestRetrieval(archiveId, range, tier, description, signal) {
      assertDescription(description);
      if (range !== null) assertRange(range);
      const now = call('InitiateJob', 'archive');
      const jobParameters = {
        Type: 'archive-retrieval',
        ArchiveId: archiveId,
        Description: description,
        Tier: tierNames[tier],
        ...(range === null ? {} : { RetrievalByteRange: writeRange(range) }),
      };
      const answer = await client.send(now, new InitiateJobCommand({ ...where, jobParameters }), { signal });
      return present(answer.jobId, now) as JobId;
    },
    describeRetrieval,
    listRetrievals(signal) {
      const now = call('ListJobs');
      return pagedList(async (marker) => {
        const page = await client.send(now, new ListJobsCommand({ ...where, marker }), { signal });
        const jobs = present(page.JobList, now);
        return { items: jobs.map((job) => readJob(job, now)), marker: page.Marker };
      });
    },
    readRetrieved,
    now: () => client.now(),
    close: () => client.close(),
  };
}

/** Names the service takes; `.` and `..` would be eaten by URL rules on the way. */
export function assertVaultName(name: string): void {
  if (/^[A-Za-z0-9_.-]{1,255}$/.test(name) && name !== '.' && name !== '..') return;
  throw new EngineError(
    'invalid',
    `“${name}” cannot be the name of a vault.`,
    'Use 1 to 255 letters, digits, hyphens, underscores and dots.',
  );
}

/** Sets the header that the signature is made over, so that the client need not hash the body to sign it. */
function handInSha256(command: UploadMultipartPartCommand, sha256: Buffer): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = sha256.toString('hex');
      return next(args);
    },
    { step: 'build', name: 'handInSha256' },
  );
}

async function readDelivery(
  answer: GetJobOutputCommandOutput,
  asked: ByteRange,
  call: Call,
): Promise<RetrievedBytes> {
  const { body } = answer;
  if (!(body instanceof Readable)) throw unexpectedAnswer(call);
  const delivery = judgeDelivery(answer, asked);
  if (delivery !== 'as-asked') {
    body.destroy();
    throw delivery === 'too-few' ? tooFewBytes(call.place) : unexpectedAnswer(call);
  }
  const bytes = Buffer.allocUnsafeSlow(asked.end - asked.first);
  let filled = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    if (filled + piece.length > bytes.length) throw unexpectedAnswer(call);
    filled += piece.copy(bytes, filled);
  }
  if (filled !== bytes.length) throw unexpectedAnswer(call);
  return { bytes, treeHash: answer.checksum === undefined ? null : readHash(answer.checksum, call) };
}

/** For `catch`: turns a failure of `kind` into another; passes everything else on. */
function rethrow(kind: EngineError['kind'], into: (cause: ServiceFailure) => ServiceFailure) {
  return (error: unknown): never => {
    throw error instanceof ServiceFailure && error.kind === kind ? into(error) : error;
  };
}

export function unlessGone(error: unknown): undefined {
  if (error instanceof ServiceFailure && error.kind === 'not-found') return undefined;
  throw error;
}

/** The service computed another hash than we did, or its answer carries another. */
function partRefused(place: string, cause?: ServiceFailure): ServiceFailure {
  return new ServiceFailure({
    kind: 'corrupt',
    message: `A part reached ${place} with other bytes than were sent.`,
    safe: 'It does not count as stored.',
    advice: 'Run it again; if it happens again, the network or its proxy changes what passes through.',
    retry: 'few',
    cause: cause?.message,
  });
}

/** Refused for what it holds, the same request is refused again; an answer with another hash may have been damaged. */
function archiveRefused(place: string, retry: Retry, cause?: ServiceFailure): ServiceFailure {
  return new ServiceFailure({
    kind: 'corrupt',
    message: `What ${place} holds of an archive is not what was to be stored.`,
    safe: 'It does not count as stored.',
    advice: 'Run it again: the parts that differ are sent once more.',
    retry,
    cause: cause?.message,
  });
}

function tooFewBytes(place: string): ServiceFailure {
  return new ServiceFailure({
    kind: 'corrupt',
    message: `A retrieval from ${place} holds fewer bytes than the catalog says.`,
    advice: 'Check the target; other snapshots may still hold the files.',
  });
}
