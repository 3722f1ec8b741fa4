import {
  DeleteArchiveCommand,
  DescribeJobCommand,
  type DescribeJobCommandOutput,
  DescribeVaultCommand,
  GetJobOutputCommand,
  InitiateJobCommand,
  type JobParameters,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, pattern, type Practice, practice, refusal, treeHashHex, upload } from './practice.ts';

const accountId = '-';
const invalid = 'InvalidParameterValueException';

interface Listing {
  readonly VaultARN: string;
  readonly InventoryDate: string;
  readonly ArchiveList: {
    ArchiveId: string;
    ArchiveDescription: string;
    CreationDate: string;
    Size: number;
    SHA256TreeHash: string;
  }[];
}

async function order({ client, vaultName }: Practice, more: JobParameters = {}): Promise<string> {
  const jobParameters = { Type: 'inventory-retrieval', ...more };
  return (await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }))).jobId!;
}

async function read(
  { client, vaultName }: Practice,
  jobId: string,
  range?: string,
): Promise<{ text: string; type?: string | undefined }> {
  const answer = await client.send(new GetJobOutputCommand({ accountId, vaultName, jobId, range }));
  expect(answer.checksum).toBeUndefined();
  return { text: await answer.body!.transformToString(), type: answer.contentType };
}

function describeJob({ client, vaultName }: Practice, jobId: string): Promise<DescribeJobCommandOutput> {
  return client.send(new DescribeJobCommand({ accountId, vaultName, jobId }));
}

/** Orders an inventory, waits for it and reads it. */
async function inventory(
  p: Practice,
  more: JobParameters = {},
): Promise<{ list: Listing; job: DescribeJobCommandOutput }> {
  const jobId = await order(p, more);
  p.simulator.advance(4 * HOUR);
  const job = await describeJob(p, jobId);
  return { list: JSON.parse((await read(p, jobId)).text) as Listing, job };
}

const ids = ({ ArchiveList }: Listing): string[] => ArchiveList.map(({ ArchiveId }) => ArchiveId);

describe('an inventory', () => {
  it('cannot be had before the first was taken', async () => {
    const p = await practice();
    expect(await refusal(order(p))).toEqual([404, 'ResourceNotFoundException', expect.anything()]);
    await upload(p, pattern(10));
    expect(await refusal(order(p))).toEqual([404, 'ResourceNotFoundException', expect.anything()]);
    p.simulator.advance(DAY);
    await order(p);
  });

  it('lists each archive with description, date to the second, size and tree hash', async () => {
    const p = await practice();
    const data = pattern(1234);
    const id = await upload(p, data, 'say "hi", all\\');
    await upload(p, data);
    p.simulator.advance(DAY);
    const { list, job } = await inventory(p);
    expect(list.VaultARN).toBe(`arn:aws:glacier:us-east-1:${p.simulator.accountId}:vaults/${p.vaultName}`);
    expect(list.InventoryDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(list.ArchiveList).toHaveLength(2);
    expect(list.ArchiveList[0]).toEqual({
      ArchiveId: id,
      ArchiveDescription: 'say "hi", all\\',
      CreationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
      Size: 1234,
      SHA256TreeHash: treeHashHex(data),
    });
    expect(list.ArchiveList[1]?.ArchiveDescription).toBe('');
    expect(job).toMatchObject({
      Action: 'InventoryRetrieval',
      StatusCode: 'Succeeded',
      InventorySizeInBytes: JSON.stringify(list).length,
      InventoryRetrievalParameters: { Format: 'JSON' },
    });
    expect(job.ArchiveId).toBeUndefined();
  });

  it('as CSV quotes descriptions, with a backslash before quotes only', async () => {
    const p = await practice();
    const id = await upload(p, pattern(5), 'a "b", c\\');
    p.simulator.advance(DAY);
    const jobId = await order(p, { Format: 'CSV' });
    p.simulator.advance(4 * HOUR);
    const { text, type } = await read(p, jobId);
    expect(type).toBe('text/csv');
    const [head, line, end] = text.split('\n');
    expect(head).toBe('ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash');
    const pieces = (line ?? '').split(',');
    expect(pieces.slice(0, 3)).toEqual([id, '"a \\"b\\"', ' c\\"']);
    expect(pieces.slice(4)).toEqual(['5', treeHashHex(pattern(5))]);
    expect(end).toBe('');
  });

  it('is as old as its date: later uploads are missing and later deletes still listed', async () => {
    const p = await practice();
    const kept = await upload(p, pattern(1));
    const deleted = await upload(p, pattern(2));
    p.simulator.advance(DAY);
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId: deleted }));
    const late = await upload(p, pattern(3));
    const jobId = await order(p);
    p.simulator.advance(4 * HOUR);
    const old = JSON.parse((await read(p, jobId)).text) as Listing;
    expect(ids(old).sort()).toEqual([kept, deleted].sort());
    const vault = await p.client.send(new DescribeVaultCommand({ accountId, vaultName: p.vaultName }));
    expect(vault.LastInventoryDate?.slice(0, 19)).toBe(old.InventoryDate.slice(0, 19));
    expect(vault.NumberOfArchives).toBe(2);
    p.simulator.advance(DAY);
    expect(ids((await inventory(p)).list).sort()).toEqual([kept, late].sort());
  });

  it('is read by range too, the same bytes each time', async () => {
    const p = await practice();
    await upload(p, pattern(1));
    p.simulator.advance(DAY);
    const jobId = await order(p);
    p.simulator.advance(4 * HOUR);
    const whole = (await read(p, jobId)).text;
    await upload(p, pattern(2));
    expect((await read(p, jobId, 'bytes=0-99')).text + (await read(p, jobId, 'bytes=100-99999')).text).toBe(
      whole,
    );
  });

  it('is cut by dates, start included and end not', async () => {
    const p = await practice({ speed: 0 });
    const day = async (): Promise<{ id: string; at: string }> => {
      p.simulator.advance(HOUR - (p.simulator.now() % HOUR));
      const id = await upload(p, pattern(1));
      return { id, at: new Date(p.simulator.now()).toISOString().replace('.000', '') };
    };
    const [a, b, c] = [await day(), await day(), await day()];
    p.simulator.advance(DAY);
    const cut = async (StartDate?: string, EndDate?: string): Promise<string[]> =>
      ids((await inventory(p, { InventoryRetrievalParameters: { StartDate, EndDate } })).list);
    expect(await cut(b.at)).toEqual([b.id, c.id]);
    expect(await cut(undefined, b.at)).toEqual([a.id]);
    expect(await cut(b.at, c.at)).toEqual([b.id]);
    expect(await cut('2001-01-01T00:00:00Z', '2002-01-01T00:00:00Z')).toEqual([]);
  });

  it('comes in pages by Limit and Marker', async () => {
    const p = await practice();
    const all = new Set<string>();
    for (let i = 0; i < 7; i += 1) all.add(await upload(p, pattern(1)));
    p.simulator.advance(DAY);
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const { list, job } = await inventory(p, { InventoryRetrievalParameters: { Limit: '3', Marker } });
      expect(list.ArchiveList.length).toBeLessThanOrEqual(3);
      seen.push(...ids(list));
      Marker = job.InventoryRetrievalParameters?.Marker;
    } while (Marker !== undefined);
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(all);
  });

  it('is described by the length of its output, whatever else was asked for', async () => {
    const p = await practice();
    for (const description of ['', 'one', 'another']) await upload(p, pattern(1), description);
    p.simulator.advance(DAY);
    const asked: JobParameters[] = [
      {},
      { Format: 'CSV' },
      { InventoryRetrievalParameters: { Limit: '1' } },
      { InventoryRetrievalParameters: { Limit: '2' } },
      { InventoryRetrievalParameters: { EndDate: '2001-01-01T00:00:00Z' } },
      {},
    ];
    const jobIds: string[] = [];
    for (const each of asked) jobIds.push(await order(p, each));
    p.simulator.advance(4 * HOUR);
    for (const jobId of jobIds) {
      const described = await describeJob(p, jobId);
      expect(described.InventorySizeInBytes).toBe(Buffer.byteLength((await read(p, jobId)).text));
      expect((await describeJob(p, jobId)).InventorySizeInBytes).toBe(described.InventorySizeInBytes);
    }
  });

  it('refuses parameters it cannot make sense of', async () => {
    const p = await practice();
    const ArchiveId = await upload(p, pattern(1));
    p.simulator.advance(DAY);
    const refused = [400, invalid, expect.anything()];
    expect(await refusal(order(p, { ArchiveId }))).toEqual(refused);
    expect(await refusal(order(p, { Format: 'XML' }))).toEqual(refused);
    for (const bad of [
      { StartDate: 'yesterday' },
      { EndDate: '2013-13-45T99:00:00Z' },
      { Limit: '0' },
      { Marker: 'x' },
    ]) {
      expect(await refusal(order(p, { InventoryRetrievalParameters: bad }))).toEqual(refused);
    }
  });
});
