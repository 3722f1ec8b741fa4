import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateVaultCommand,
  DeleteArchiveCommand,
  GetJobOutputCommand,
  GlacierClient,
  InitiateJobCommand,
  ListVaultsCommand,
  PurchaseProvisionedCapacityCommand,
  UploadArchiveCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Simulator } from '../../../src/main/simulator/simulator.ts';
import {
  beginUpload,
  clientOf,
  DAY,
  HOUR,
  MIB,
  pattern,
  type Practice,
  practice,
  refusal,
  sendPart,
  start,
  tempFolder,
  treeHashHex,
  upload,
} from './practice.ts';

const accountId = '-';
const OVERHEAD = 32 * 1024;

/** Lines of everything so far, by name. */
async function quantities(simulator: Simulator): Promise<Record<string, number>> {
  const { lines } = await simulator.bill();
  return Object.fromEntries(lines.map(({ line, quantity }) => [line, quantity]));
}

async function uploadInParts(p: Practice, data: Buffer): Promise<string> {
  const { client, vaultName } = p;
  const uploadId = await beginUpload(p);
  for (let first = 0; first < data.length; first += MIB)
    await sendPart(p, uploadId, first, data.subarray(first, first + MIB));
  const complete = new CompleteMultipartUploadCommand({
    accountId,
    vaultName,
    uploadId,
    archiveSize: String(data.length),
    checksum: treeHashHex(data),
  });
  await client.send(complete);
  return (await client.send(complete)).archiveId!; // told twice, stored once
}

describe('a vault is charged', () => {
  it('its uploads, and what it keeps for as long as it does', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const archiveId = await uploadInParts(p, pattern(2.5 * MIB));
    await upload(p, pattern(1000));
    expect((await quantities(simulator))['Upload requests']).toBe(1 + 3 + 2 + 1);
    simulator.advance(30 * DAY);
    await client.send(new DeleteArchiveCommand({ accountId, vaultName, archiveId }));
    await client.send(new DeleteArchiveCommand({ accountId, vaultName, archiveId }));
    simulator.advance(10 * DAY);
    const large = 2.5 * MIB + OVERHEAD;
    const bill = await simulator.bill({ to: simulator.now() });
    const lines = Object.fromEntries(bill.lines.map(({ line, quantity }) => [line, quantity]));
    expect(lines['Storage']).toBe(large * 24 * 30 + (1000 + OVERHEAD) * 24 * 40);
    expect(lines['Early deletion']).toBe(large * 24 * 60);
    const early = bill.rows.find(({ line }) => line === 'Early deletion');
    expect(early).toMatchObject({ place: vaultName, id: archiveId, at: simulator.now() - 10 * DAY });
  });

  it('what is brought back, the requests for it and the way home', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const ArchiveId = await upload(p, pattern(3 * MIB));
    const job = { Type: 'archive-retrieval', ArchiveId, RetrievalByteRange: '1048576-2097151', Tier: 'Bulk' };
    const { jobId } = await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters: job }));
    simulator.advance(12 * HOUR);
    const from = simulator.now();
    const output = { accountId, vaultName, jobId };
    for (const range of [undefined, 'bytes=0-99']) {
      const { body } = await client.send(new GetJobOutputCommand({ ...output, range }));
      await body!.transformToByteArray();
    }
    await client.send(new ListVaultsCommand({ accountId }));
    expect(await quantities(simulator)).toMatchObject({
      'Retrieval requests, Bulk': 1,
      'Retrieval, Bulk': MIB,
      'Download to the internet': MIB + 100,
    });
    const { lines } = await simulator.bill({ from });
    expect(lines.map(({ line }) => line)).toEqual(['Download to the internet', 'Storage']);
  });

  it('open uploads until they end, or have been idle for a day', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const aborted = await beginUpload(p);
    await sendPart(p, aborted, 0, pattern(MIB));
    await beginUpload(p).then((left) => sendPart(p, left, 0, pattern(1000)));
    simulator.advance(2 * HOUR);
    await client.send(new AbortMultipartUploadCommand({ accountId, vaultName, uploadId: aborted }));
    simulator.advance(100 * DAY);
    const line = 'Storage of unfinished uploads';
    expect((await quantities(simulator))[line]).toBe(MIB * 2 + 1000 * 24);
    expect(await quantities(simulator)).not.toHaveProperty('Early deletion');
  });

  it('nothing for what it refuses or what is free', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const list = new ListVaultsCommand({ accountId });
    await client.send(list);
    const nowhere = new UploadArchiveCommand({ accountId, vaultName: 'nowhere', body: pattern(10) });
    expect((await refusal(client.send(nowhere)))[0]).toBe(404);
    simulator.failNext({ operation: 'UploadArchive', when: 'before', status: 500, code: 'X', message: '' });
    const here = new UploadArchiveCommand({ accountId, vaultName, body: pattern(10) });
    expect((await refusal(client.send(here)))[0]).toBe(500);
    expect((await simulator.bill()).usd).toBe(0);
    simulator.failNext({ operation: 'UploadArchive', when: 'drop-after' });
    await expect(client.send(here)).rejects.toThrow();
    expect(await quantities(simulator)).toHaveProperty('Upload requests', 1);
  });

  it('its capacity', async () => {
    const { client, simulator } = await practice();
    await client.send(new PurchaseProvisionedCapacityCommand({ accountId }));
    expect((await simulator.bill()).usd).toBe(100);
  });
});

describe('through the control door', () => {
  it('the bill has totals, and rows if asked', async () => {
    const p = await practice({ speed: 0 });
    await upload(p, pattern(1000));
    p.simulator.advance(DAY);
    const get = async (query: string): Promise<Response> =>
      fetch(`${p.simulator.url}/-simulator/bill${query}`);
    const whole = await p.simulator.bill();
    const { rows, ...totals } = whole;
    expect(rows).toHaveLength(2);
    expect(await (await get('')).json()).toEqual(totals);
    expect(await (await get('?rows=true')).json()).toEqual(whole);
    const later = await get(`?from=${p.simulator.now() - HOUR}&to=2100-01-01`);
    expect(((await later.json()) as { lines: unknown[] }).lines).toHaveLength(1);
    expect((await get('?from=yesterday')).status).toBe(400);
    expect((await get('?form=1')).status).toBe(400);
  });
});

const module = new URL('../../../src/main/simulator/simulator.ts', import.meta.url).href;

describe('after a kill', () => {
  it('the bill is what it was', async () => {
    const dir = await tempFolder();
    const script = `
      import { startSimulator } from ${JSON.stringify(module)};
      const { url, accessKeyId, secretAccessKey } = await startSimulator({ dir: ${JSON.stringify(dir)}, speed: 0 });
      console.log(JSON.stringify({ url, accessKeyId, secretAccessKey }));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url: endpoint, ...credentials } = JSON.parse(line) as {
      url: string;
      accessKeyId: string;
      secretAccessKey: string;
    };
    const client = new GlacierClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    await client.send(new CreateVaultCommand({ accountId, vaultName: 'v' }));
    await client.send(new UploadArchiveCommand({ accountId, vaultName: 'v', body: pattern(5000) }));
    const shown: unknown = await (await fetch(`${endpoint}/-simulator/bill?rows=true`)).json();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const again = await start(dir);
    expect(JSON.parse(JSON.stringify(await again.bill({ to: (shown as { to: number }).to })))).toEqual(shown);
  });

  it('what is there is charged, should the meter have missed it', async () => {
    const p = await practice({ speed: 0 });
    await upload(p, pattern(1000));
    const uploadId = await beginUpload(p);
    await sendPart(p, uploadId, 0, pattern(500));
    p.simulator.advance(HOUR);
    const to = p.simulator.now();
    await p.simulator.close();
    await rm(join(p.dir, 'bill.jsonl'));
    const again = await start(p.dir);
    const { lines } = await again.bill({ to });
    expect(lines.map(({ line, quantity }) => [line, quantity])).toEqual([
      ['Storage', 1000 + OVERHEAD],
      ['Storage of unfinished uploads', 500],
    ]);
    await again.close();
    const third = await start(p.dir);
    expect((await third.bill({ to })).lines).toEqual(lines);
    await clientOf(third).send(new ListVaultsCommand({ accountId }));
  });
});
