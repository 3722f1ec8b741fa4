import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  DeleteArchiveCommand,
  DescribeJobCommand,
  GetJobOutputCommand,
  type GetJobOutputCommandOutput,
  InitiateJobCommand,
  type JobParameters,
  ListJobsCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { isTreeHashAligned } from '../../../src/main/simulator/treeHash.ts';
import {
  beginUpload,
  DAY,
  HOUR,
  MIB,
  pattern,
  type Practice,
  practice,
  refusal,
  sendPart,
  treeHashHex,
  upload,
} from './practice.ts';

const accountId = '-';
const invalid = 'InvalidParameterValueException';
const MINUTE = HOUR / 60;

async function order({ client, vaultName }: Practice, jobParameters: JobParameters): Promise<string> {
  const answer = await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
  expect(answer.$metadata.httpStatusCode).toBe(202);
  return answer.jobId!;
}

function retrieve(p: Practice, ArchiveId: string, more: JobParameters = {}): Promise<string> {
  return order(p, { Type: 'archive-retrieval', ArchiveId, ...more });
}

function output(
  { client, vaultName }: Practice,
  jobId: string,
  range?: string,
): Promise<GetJobOutputCommandOutput> {
  return client.send(new GetJobOutputCommand({ accountId, vaultName, jobId, range }));
}

async function bytesOf(answer: GetJobOutputCommandOutput): Promise<Buffer> {
  return Buffer.from(await answer.body!.transformToByteArray());
}

const gone = (jobId: string): unknown => [
  404,
  'ResourceNotFoundException',
  `The job ID was not found: ${jobId}`,
];

describe('an archive retrieval', () => {
  it('is described with every field from order to end', async () => {
    const p = await practice();
    const { client, simulator, vaultName } = p;
    const data = pattern(2.5 * MIB);
    const ArchiveId = await upload(p, data);
    const { location, jobId } = await client.send(
      new InitiateJobCommand({
        accountId,
        vaultName,
        jobParameters: {
          Type: 'archive-retrieval',
          ArchiveId,
          Description: 'mine',
          SNSTopic: 'arn:aws:sns:us-east-1:1:t',
        },
      }),
    );
    expect(jobId).toMatch(/^[\w-]{92}$/);
    expect(location).toBe(`/${simulator.accountId}/vaults/${vaultName}/jobs/${jobId!}`);
    const describeJob = new DescribeJobCommand({ accountId, vaultName, jobId });
    const begun = await client.send(describeJob);
    expect(begun.$metadata.httpStatusCode).toBe(200);
    expect(begun).toMatchObject({
      JobId: jobId,
      JobDescription: 'mine',
      Action: 'ArchiveRetrieval',
      ArchiveId,
      VaultARN: `arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/${vaultName}`,
      Completed: false,
      StatusCode: 'InProgress',
      StatusMessage: 'Operation in progress.',
      ArchiveSizeInBytes: data.length,
      ArchiveSHA256TreeHash: treeHashHex(data),
      RetrievalByteRange: `0-${data.length - 1}`,
      SNSTopic: 'arn:aws:sns:us-east-1:1:t',
      Tier: 'Standard',
    });
    simulator.advance(4 * HOUR);
    const done = await client.send(describeJob);
    expect(done).toMatchObject({ Completed: true, StatusCode: 'Succeeded', StatusMessage: 'Succeeded' });
    expect(done.SHA256TreeHash).toBe(treeHashHex(data));
    expect(Date.parse(done.CompletionDate!) - Date.parse(done.CreationDate!)).toBe(4 * HOUR);
  });

  it.each([
    ['Expedited', 3 * MINUTE],
    ['Standard', 4 * HOUR],
    ['Bulk', 8 * HOUR],
  ] as const)('by tier %s is ready after %i ms and not before', async (Tier, ms) => {
    const p = await practice({ speed: 0 });
    const jobId = await retrieve(p, await upload(p, pattern(10)), { Tier });
    p.simulator.advance(ms - 1);
    const message = `The job is not currently available for download: ${jobId}`;
    expect(await refusal(output(p, jobId))).toEqual([400, invalid, message]);
    p.simulator.advance(1);
    expect((await output(p, jobId)).status).toBe(200);
  });

  it('takes as long as the simulator was told', async () => {
    const p = await practice({ speed: 0, durations: { Standard: 1 } });
    const jobId = await retrieve(p, await upload(p, pattern(10)));
    p.simulator.advance(HOUR);
    expect((await output(p, jobId)).status).toBe(200);
  });

  it('is readable for a day, then gone', async () => {
    const p = await practice({ speed: 0 });
    const jobId = await retrieve(p, await upload(p, pattern(10)));
    p.simulator.advance(4 * HOUR + DAY - 1);
    expect(await bytesOf(await output(p, jobId))).toEqual(pattern(10));
    p.simulator.advance(1);
    const { client, vaultName } = p;
    expect(await refusal(output(p, jobId))).toEqual(gone(jobId));
    expect(await refusal(client.send(new DescribeJobCommand({ accountId, vaultName, jobId })))).toEqual(
      gone(jobId),
    );
    expect((await client.send(new ListJobsCommand({ accountId, vaultName }))).JobList).toEqual([]);
  });

  it('fails if the archive is deleted before it is done', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const jobId = await retrieve(p, archiveId);
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId }));
    p.simulator.advance(4 * HOUR);
    const job = await p.client.send(new DescribeJobCommand({ accountId, vaultName: p.vaultName, jobId }));
    expect(job).toMatchObject({ Completed: true, StatusCode: 'Failed' });
    expect(await refusal(output(p, jobId))).toEqual([400, invalid, expect.anything()]);
  });

  it('that is done stays readable when the archive is deleted', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const jobId = await retrieve(p, archiveId);
    p.simulator.advance(4 * HOUR + 1);
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId }));
    expect(await bytesOf(await output(p, jobId))).toEqual(pattern(10));
    expect(await refusal(retrieve(p, archiveId))).toEqual([
      404,
      'ResourceNotFoundException',
      `The archive ID was not found: ${archiveId}`,
    ]);
  });

  it('by range delivers the range', async () => {
    const p = await practice();
    const data = pattern(6.5 * MIB);
    const archiveId = await upload(p, data);
    const jobId = await retrieve(p, archiveId, { RetrievalByteRange: '4194304-6815743' });
    p.simulator.advance(4 * HOUR);
    const job = await p.client.send(new DescribeJobCommand({ accountId, vaultName: p.vaultName, jobId }));
    expect(job).toMatchObject({
      RetrievalByteRange: '4194304-6815743',
      ArchiveSizeInBytes: data.length,
      ArchiveSHA256TreeHash: treeHashHex(data),
      SHA256TreeHash: treeHashHex(data.subarray(4 * MIB)),
    });
    const answer = await output(p, jobId);
    expect(answer.checksum).toBe(treeHashHex(data.subarray(4 * MIB)));
    expect(await bytesOf(answer)).toEqual(data.subarray(4 * MIB));
  });

  it.each(
    ['1-1048575', '0-1048576', '0-6815744', '1048576-0', 'x', '0-', ''].filter((range) => range !== ''),
  )('refuses the range %s', async (RetrievalByteRange) => {
    const p = await practice();
    const archiveId = await upload(p, pattern(6.5 * MIB));
    expect(await refusal(retrieve(p, archiveId, { RetrievalByteRange }))).toEqual([
      400,
      invalid,
      expect.anything(),
    ]);
  });

  it('refuses what it cannot make sense of', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const refused = [400, invalid, expect.anything()];
    const nothing = [400, 'MissingParameterValueException', expect.anything()];
    expect(await refusal(retrieve(p, archiveId, { Tier: 'Slow' }))).toEqual(refused);
    expect(await refusal(retrieve(p, archiveId, { Description: 'M\u00fcnchen' }))).toEqual(refused);
    expect(await refusal(order(p, { Type: 'select', ArchiveId: archiveId }))).toEqual(refused);
    expect(await refusal(order(p, { Type: 'archive-retrieval' }))).toEqual(nothing);
    expect(await refusal(order(p, {}))).toEqual(nothing);
    expect(await refusal(retrieve(p, 'never'))).toEqual([
      404,
      'ResourceNotFoundException',
      'The archive ID was not found: never',
    ]);
  });
});

describe('job output', () => {
  it('by Range counts from the start of what the job retrieved', async () => {
    const p = await practice();
    const data = pattern(6.5 * MIB);
    const jobId = await retrieve(p, await upload(p, data, 'holiday'), {
      RetrievalByteRange: '2097152-4194303',
    });
    p.simulator.advance(4 * HOUR);
    const answer = await output(p, jobId, 'bytes=1048576-1048600');
    expect(answer).toMatchObject({
      status: 206,
      contentRange: `bytes 1048576-1048600/${2 * MIB}`,
      acceptRanges: 'bytes',
      contentType: 'application/octet-stream',
      archiveDescription: 'holiday',
    });
    expect(await bytesOf(answer)).toEqual(data.subarray(3 * MIB, 3 * MIB + 25));
  });

  it('cuts a range that ends past the end, answers 206 even to all of it, and ignores one that is none', async () => {
    const p = await practice();
    const data = pattern(1000);
    const jobId = await retrieve(p, await upload(p, data));
    p.simulator.advance(4 * HOUR);
    const long = await output(p, jobId, 'bytes=900-5000');
    expect(long).toMatchObject({ status: 206, contentRange: 'bytes 900-999/1000' });
    expect(await bytesOf(long)).toEqual(data.subarray(900));
    expect(await output(p, jobId, 'bytes=0-999')).toMatchObject({
      status: 206,
      contentRange: 'bytes 0-999/1000',
    });
    expect((await output(p, jobId, 'bytes 0-9/100')).status).toBe(200);
    expect((await output(p, jobId, 'bytes=9-5')).status).toBe(200);
    const message = 'The start of the range is larger than size of retrieved data: bytes=1000-1001';
    expect(await refusal(output(p, jobId, 'bytes=1000-1001'))).toEqual([400, invalid, message]);
  });

  it('of a multipart archive states the hash of exactly the ranges that are nodes of its tree', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const data = pattern(6.5 * MIB);
    const uploadId = await beginUpload(p, 2 * MIB);
    for (let at = 0; at < data.length; at += 2 * MIB)
      await sendPart(p, uploadId, at, data.subarray(at, at + 2 * MIB));
    const { archiveId } = await client.send(
      new CompleteMultipartUploadCommand({
        accountId,
        vaultName,
        uploadId,
        archiveSize: String(data.length),
        checksum: treeHashHex(data),
      }),
    );
    const jobId = await retrieve(p, archiveId!);
    p.simulator.advance(4 * HOUR);
    let stated = 0;
    for (let from = 0; from < 7; from += 1) {
      for (let to = from + 1; to <= 7; to += 1) {
        const range = { first: from * MIB, last: Math.min(to * MIB, data.length) - 1 };
        const answer = await output(p, jobId, `bytes=${range.first}-${range.last}`);
        const piece = data.subarray(range.first, range.last + 1);
        expect(answer.checksum).toBe(isTreeHashAligned(range, data.length) ? treeHashHex(piece) : undefined);
        expect((await bytesOf(answer)).equals(piece)).toBe(true);
        if (answer.checksum !== undefined) stated += 1;
      }
    }
    expect(stated).toBe(13);
    expect((await output(p, jobId, 'bytes=0-99')).checksum).toBeUndefined();
  });

  it('of a range that is no node never states a hash', async () => {
    const p = await practice();
    const jobId = await retrieve(p, await upload(p, pattern(4 * MIB)), {
      RetrievalByteRange: '1048576-3145727',
    });
    p.simulator.advance(4 * HOUR);
    const job = await p.client.send(new DescribeJobCommand({ accountId, vaultName: p.vaultName, jobId }));
    expect(job.SHA256TreeHash).toBeUndefined();
    expect((await output(p, jobId)).checksum).toBeUndefined();
    expect((await output(p, jobId, 'bytes=0-1048575')).checksum).toBeUndefined();
  });
});

describe('bytes damaged on the disk', () => {
  it('are served under the hash of what was stored if they rot, and not at all if they are lost', async () => {
    const p = await practice();
    const data = pattern(3 * MIB);
    const archiveId = await upload(p, data);
    const jobId = await retrieve(p, archiveId);
    p.simulator.advance(4 * HOUR);
    const file = join(p.dir, 'glacier', 'data', archiveId.slice(-2).toLowerCase(), archiveId);
    const rotten = Buffer.from(data);
    rotten[2 * MIB] = 255;
    await writeFile(file, rotten);
    const answer = await output(p, jobId);
    expect(answer.checksum).toBe(treeHashHex(data));
    expect(await bytesOf(answer)).toEqual(rotten);
    await truncate(file, 2 * MIB);
    expect(await refusal(output(p, jobId))).toEqual([500, 'ServiceUnavailableException', expect.anything()]);
  });
});

describe('listing jobs', () => {
  it('tells the finished from the rest, oldest first, fifty at a time', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const ids: string[] = [];
    for (let i = 0; i < 53; i += 1) {
      ids.push(await retrieve(p, archiveId, { Tier: i < 2 ? 'Expedited' : 'Bulk' }));
      p.simulator.advance(1);
    }
    p.simulator.advance(HOUR);
    const list = async (more: object): Promise<(string | undefined)[]> => {
      const command = new ListJobsCommand({ accountId, vaultName: p.vaultName, ...more });
      return ((await p.client.send(command)).JobList ?? []).map(({ JobId }) => JobId);
    };
    expect(await list({ statuscode: 'Succeeded' })).toEqual(ids.slice(0, 2));
    expect(await list({ completed: 'true' })).toEqual(ids.slice(0, 2));
    expect(await list({ completed: 'true', statuscode: 'InProgress' })).toEqual([]);
    expect(await list({ completed: 'false', limit: 5 })).toEqual(ids.slice(2, 7));
    const all = new ListJobsCommand({ accountId, vaultName: p.vaultName });
    const { JobList, Marker } = await p.client.send(all);
    expect(JobList).toHaveLength(50);
    expect(await list({ marker: Marker })).toEqual(ids.slice(50));
  });

  it('refuses a status that is none', async () => {
    const { client, vaultName } = await practice();
    const list = new ListJobsCommand({ accountId, vaultName, statuscode: 'finished' });
    expect(await refusal(client.send(list))).toEqual([
      400,
      invalid,
      'The job status code is not valid: finished',
    ]);
  });
});
