/** What the vault service says over the wire, held to facts that do not depend on our simulator, and how it tries again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VaultService } from '../../../../src/main/engine/target/service.ts';
import type { ArchiveId, JobId } from '../../../../src/main/engine/target/target.ts';
import { openVaultService } from '../../../../src/main/engine/target/vaultService.ts';
import { collect, expectKind, MIB } from './contract.ts';
import { always, keys, refuse, startRawService, type Answer, type RawService } from './rawService.ts';

const archiveId = '-archiveId' as ArchiveId;
const jobId = '-jobId' as JobId;

let wire: RawService;
let service: VaultService;
beforeEach(async () => {
  wire = await startRawService();
  let now = 0;
  const sleep = (ms: number) => Promise.resolve(void (now += ms));
  const clock = { now: () => now, sleep, random: () => 0.5 };
  service = openVaultService(
    { region: 'eu-central-1', endpoint: wire.url, credentials: keys },
    { clock, patienceMs: 1000 },
  );
});
afterEach(async () => {
  service.close();
  await wire.close();
});

/** Answers one after the other; the last one stays. */
function inTurn(...answers: Answer[]): Answer {
  let at = 0;
  return (...exchange) => answers[Math.min(at++, answers.length - 1)]!(...exchange);
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return always(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
}

/** A job as the service tells of it. */
function jobJson(more: object = {}): object {
  return {
    JobId: jobId,
    JobDescription: 'c1.mine',
    Action: 'InventoryRetrieval',
    ArchiveId: null,
    VaultARN: 'arn:aws:glacier:eu-central-1:123456789012:vaults/photos',
    CreationDate: '2026-11-23T10:00:00.000Z',
    Completed: false,
    StatusCode: 'InProgress',
    StatusMessage: null,
    Tier: null,
    SNSTopic: null,
    CompletionDate: null,
    InventorySizeInBytes: null,
    InventoryRetrievalParameters: {
      Format: 'CSV',
      StartDate: '2026-01-01T00:00:00Z',
      EndDate: null,
      Limit: '10',
      Marker: null,
    },
    ...more,
  };
}

describe('what the vault service sends', () => {
  it('asks for an inventory with its filters in whole seconds, all as text', async () => {
    wire.answer = always(202, { 'x-amz-job-id': jobId });
    const order = {
      format: 'csv',
      startDate: Date.UTC(2026, 0, 1, 0, 0, 0, 500),
      endDate: Date.UTC(2026, 1, 1),
      limit: 1000,
      marker: 'm',
      description: 'c1.mine',
      snsTopic: 'arn:aws:sns:eu-central-1:123456789012:t',
    } as const;
    expect(await service.initiateInventory('photos', order)).toBe(jobId);
    const [asked] = wire.asked;
    expect(asked).toMatchObject({ method: 'POST', url: '/-/vaults/photos/jobs' });
    expect(JSON.parse(String(asked?.body))).toEqual({
      Type: 'inventory-retrieval',
      Format: 'CSV',
      Description: 'c1.mine',
      SNSTopic: 'arn:aws:sns:eu-central-1:123456789012:t',
      InventoryRetrievalParameters: {
        StartDate: '2026-01-01T00:00:00Z',
        EndDate: '2026-02-01T00:00:00Z',
        Limit: '1000',
        Marker: 'm',
      },
    });
  });

  it('sends policies as text inside JSON, and ids that begin with - as they are', async () => {
    wire.answer = always(204);
    await service.setAccessPolicy('photos', '{"Statement":[]}');
    await service.completeLock('photos', '-lock');
    await service.deleteArchive('photos', archiveId);
    const [policy, lock, archive] = wire.asked;
    expect(JSON.parse(String(policy?.body))).toEqual({ Policy: '{"Statement":[]}' });
    expect(policy?.url).toBe('/-/vaults/photos/access-policy');
    expect(lock).toMatchObject({ method: 'POST', url: '/-/vaults/photos/lock-policy/-lock' });
    expect(archive).toMatchObject({ method: 'DELETE', url: '/-/vaults/photos/archives/-archiveId' });
  });

  it('names a job’s state and completion as the service does', async () => {
    wire.answer = json(200, { Marker: null, JobList: [] });
    await collect(service.listJobs('photos', { completed: true, state: 'ready' }));
    expect(wire.asked[0]?.url).toMatch(/completed=true/);
    expect(wire.asked[0]?.url).toMatch(/statuscode=Succeeded/);
  });

  it('does not ask for vaults of names that would lead elsewhere', async () => {
    await expectKind(service.describeVault('..'), 'invalid');
    await expectKind(service.createVault('a/b'), 'invalid');
    expect(wire.asked).toHaveLength(0);
  });
});

describe('what the vault service understands', () => {
  it('reads a job that waits, with nulls for what does not apply', async () => {
    wire.answer = json(200, jobJson());
    expect(await service.describeJob('photos', jobId)).toEqual({
      jobId,
      kind: 'inventory',
      description: 'c1.mine',
      state: 'waiting',
      reason: null,
      createdAt: Date.UTC(2026, 10, 23, 10),
      completedAt: null,
      snsTopic: null,
      tier: null,
      archiveId: null,
      archiveBytes: null,
      archiveTreeHash: null,
      range: null,
      treeHash: null,
      inventory: { format: 'csv', startDate: Date.UTC(2026, 0, 1), limit: 10 },
      inventoryBytes: null,
      nextMarker: null,
    });
  });

  it('reads where an inventory goes on only once it is done', async () => {
    const parameters = { Format: 'JSON', StartDate: null, EndDate: null, Limit: '10', Marker: 'next' };
    wire.answer = json(
      200,
      jobJson({
        StatusCode: 'Succeeded',
        Completed: true,
        CompletionDate: '2026-11-23T14:00:00.000Z',
        InventorySizeInBytes: 4711,
        InventoryRetrievalParameters: parameters,
      }),
    );
    const job = await service.describeJob('photos', jobId);
    expect(job).toMatchObject({ state: 'ready', inventoryBytes: 4711, nextMarker: 'next' });
    wire.answer = json(200, jobJson({ InventoryRetrievalParameters: parameters }));
    expect(await service.describeJob('photos', jobId)).toMatchObject({ nextMarker: null });
  });

  it('reads a retrieval of a range, and leaves the whole archive without one', async () => {
    const retrieval = {
      Action: 'ArchiveRetrieval',
      ArchiveId: archiveId,
      ArchiveSizeInBytes: 3 * MIB,
      ArchiveSHA256TreeHash: 'ab'.repeat(32),
      SHA256TreeHash: 'cd'.repeat(32),
      RetrievalByteRange: `${MIB}-${2 * MIB - 1}`,
      Tier: 'Bulk',
      InventoryRetrievalParameters: null,
    };
    wire.answer = json(200, jobJson(retrieval));
    expect(await service.describeJob('photos', jobId)).toMatchObject({
      kind: 'archive',
      archiveId,
      archiveBytes: 3 * MIB,
      archiveTreeHash: Buffer.alloc(32, 0xab),
      treeHash: Buffer.alloc(32, 0xcd),
      range: { first: MIB, end: 2 * MIB },
      tier: 'bulk',
      inventory: null,
    });
    wire.answer = json(200, jobJson({ ...retrieval, RetrievalByteRange: `0-${3 * MIB - 1}` }));
    expect(await service.describeJob('photos', jobId)).toMatchObject({ range: null });
  });

  it('takes a vault that was never counted for empty, whichever way that is told', async () => {
    const vault = {
      VaultName: 'photos',
      VaultARN: 'arn:aws:glacier:eu-central-1:123456789012:vaults/photos',
      CreationDate: '2026-11-23T10:00:00.000Z',
      LastInventoryDate: null,
    };
    for (const counts of [
      { NumberOfArchives: null, SizeInBytes: null },
      { NumberOfArchives: 0, SizeInBytes: 0 },
    ]) {
      wire.answer = json(200, { ...vault, ...counts });
      expect(await service.describeVault('photos')).toMatchObject({
        inventoryAt: null,
        archives: 0,
        bytes: 0,
      });
    }
  });

  it('takes an account that never set a retrieval policy for one without', async () => {
    wire.answer = json(200, { Policy: { Rules: [] } });
    expect(await service.retrievalPolicy()).toEqual({ kind: 'none' });
    wire.answer = json(200, { Policy: { Rules: [{ Strategy: 'Later', BytesPerHour: null }] } });
    await expectKind(service.retrievalPolicy(), 'offline');
  });

  it('hands out the whole output of a job, and none of a page that is not the service’s', async () => {
    const read = async (output: AsyncIterable<Buffer>) => Buffer.concat(await collect(output)).toString();
    const described = json(200, jobJson({ InventorySizeInBytes: 5 }));
    wire.answer = inTurn(described, always(200, { 'content-type': 'application/json' }, 'hello'));
    expect(await service.readJobOutput('photos', jobId, read)).toBe('hello');
    expect(wire.asked[1]?.headers.range).toBeUndefined();
    wire.answer = inTurn(described, always(200, { 'content-type': 'text/html' }, '<html>'));
    await expectKind(service.readJobOutput('photos', jobId, read), 'offline');
  });
});

describe('trying again', () => {
  const drop: Answer = (_asked, response) => void response.destroy();

  it('begins to read an output anew when it was cut short', async () => {
    let begun = 0;
    const read = async (output: AsyncIterable<Buffer>) => {
      begun += 1;
      return Buffer.concat(await collect(output)).toString();
    };
    const cut: Answer = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '10' });
      response.write('hel', () => response.destroy());
    };
    wire.answer = inTurn(
      json(200, jobJson({ InventorySizeInBytes: 10 })),
      cut,
      always(200, { 'content-type': 'application/json' }, 'hello all!'),
    );
    expect(await service.readJobOutput('photos', jobId, read)).toBe('hello all!');
    expect(begun).toBe(2);
  });

  it('finds a job whose start was answered by silence, instead of starting another', async () => {
    const listed = json(200, { Marker: null, JobList: [jobJson({ JobDescription: 'other' }), jobJson()] });
    wire.answer = inTurn(drop, listed);
    const order = { format: 'json', description: 'c1.mine' } as const;
    expect(await service.initiateInventory('photos', order)).toBe(jobId);
    expect(wire.asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  it('starts the job that is not listed, and not one in the place of a failed one', async () => {
    const failed = json(200, { Marker: null, JobList: [jobJson({ StatusCode: 'Failed' })] });
    wire.answer = inTurn(drop, failed, always(202, { 'x-amz-job-id': 'second' }));
    const order = { archiveId, range: null, tier: 'bulk', description: 'c1.mine' } as const;
    expect(await service.initiateArchiveRetrieval('photos', order)).toBe('second');
    expect(wire.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  });

  it('leaves the start of a lock to the caller', async () => {
    wire.answer = drop;
    await expectKind(service.startLock('photos', '{}'), 'offline');
    expect(wire.asked).toHaveLength(1);
  });

  it('goes on with a list where it was', async () => {
    const vault = (name: string) => ({
      VaultName: name,
      VaultARN: `arn:aws:glacier:eu-central-1:123456789012:vaults/${name}`,
      CreationDate: '2026-11-23T10:00:00.000Z',
    });
    wire.answer = inTurn(
      json(200, { Marker: 'm', VaultList: [vault('a')] }),
      refuse(500, 'ServiceUnavailableException'),
      json(200, { Marker: null, VaultList: [vault('b')] }),
    );
    expect((await collect(service.listVaults())).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(wire.asked[2]?.url).toMatch(/marker=m/);
  });

  it('looks whether a vault is there before it says that something is not set', async () => {
    wire.answer = refuse(404, 'ResourceNotFoundException');
    await expectKind(service.accessPolicy('photos'), 'not-found');
    expect(wire.asked.map(({ url }) => url)).toEqual(['/-/vaults/photos/access-policy', '/-/vaults/photos']);
  });

  it('says of a vault that cannot be deleted yet what to wait for', async () => {
    wire.answer = refuse(400, 'InvalidParameterValueException', 'Vault not empty or recently written to');
    const failure = await expectKind(service.deleteVault('photos'), 'conflict');
    expect(failure.advice).toMatch(/wait for the next inventory/);
    wire.answer = refuse(404, 'ResourceNotFoundException');
    await service.deleteVault('photos');
  });
});
