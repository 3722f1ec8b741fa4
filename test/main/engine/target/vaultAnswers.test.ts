import type { GlacierJobDescription } from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { readJob, readPart, readUpload } from '../../../../src/main/engine/target/vaultAnswers.ts';
import { readVault, readVaultJob } from '../../../../src/main/engine/target/vaultServiceAnswers.ts';

const call = { operation: 'ListJobs', place: 'vault photos', host: 'localhost', subject: 'job' } as const;
const TIME = '2026-03-01T12:00:00.000Z';
const HASH = '0f'.repeat(32);

const range = { RetrievalByteRange: '0-1048575' };
const job: GlacierJobDescription = {
  ...{ JobId: 'job', ArchiveId: 'archive', CreationDate: TIME, ...range },
  Action: 'ArchiveRetrieval',
  StatusCode: 'InProgress',
};

/** As it came over the wire, whatever the client's types say. */
function sent<T>(sound: T, other: Readonly<Record<string, unknown>>): T {
  return { ...sound, ...other };
}

const notTheService = { name: 'EngineError', kind: 'offline' };

function refusal(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

describe('an answer that the service cannot have given', () => {
  it.each([
    ['a status nobody knows', { StatusCode: 'Paused' }],
    ['a status that every object has', { StatusCode: 'constructor' }],
    ['a description that is no text', { JobDescription: 12 }],
    ['a range that ends before it begins', { RetrievalByteRange: '9-3' }],
    ['a range in a list', { RetrievalByteRange: ['0-1048575'] }],
    ['a time that is an object', { CreationDate: { toString: 'no' } }],
    ['an archive that is a number', { ArchiveId: 7 }],
  ])('is no job with %s', (_what, other) => {
    expect(refusal(() => readJob(sent(job, other), call))).toMatchObject(notTheService);
  });

  it.each([
    ['a hash in a list', { SHA256TreeHash: [HASH] }],
    ['a range backwards', { RangeInBytes: '5-4' }],
  ])('is no part with %s', (_what, other) => {
    const part = { RangeInBytes: '0-1048575', SHA256TreeHash: HASH };
    expect(refusal(() => readPart(sent(part, other), 1_048_576, call))).toMatchObject(notTheService);
  });

  it.each([-1, 0.5, '1048576', 1e308])('is no upload with parts of %j bytes', (PartSizeInBytes) => {
    const upload = { MultipartUploadId: 'upload', PartSizeInBytes: 1_048_576, CreationDate: TIME };
    expect(refusal(() => readUpload(sent(upload, { PartSizeInBytes }), call))).toMatchObject(notTheService);
  });

  it('is no vault with a number of archives that counts nothing', () => {
    const vault = { VaultName: 'photos', VaultARN: 'arn', CreationDate: TIME, NumberOfArchives: 3 };
    expect(refusal(() => readVault(sent(vault, { NumberOfArchives: '3' }), call))).toMatchObject(
      notTheService,
    );
  });
});

describe('what an answer leaves out', () => {
  it('may be null as well as missing', () => {
    const bare = sent(job, {
      CompletionDate: null,
      RetrievalByteRange: null,
      Tier: null,
    });
    expect(readVaultJob(bare, call)).toMatchObject({
      completedAt: null,
      range: null,
      tier: null,
      description: '',
    });
  });

  it('a tier nobody knows is none', () => {
    expect(readVaultJob(sent(job, { Tier: 'constructor' }), call).tier).toBeNull();
  });
});
