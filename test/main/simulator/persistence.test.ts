import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  AddTagsToVaultCommand,
  CompleteMultipartUploadCommand,
  CompleteVaultLockCommand,
  CreateVaultCommand,
  DeleteArchiveCommand,
  DeleteVaultAccessPolicyCommand,
  DescribeJobCommand,
  DescribeVaultCommand,
  GetDataRetrievalPolicyCommand,
  GetJobOutputCommand,
  GetVaultAccessPolicyCommand,
  GetVaultLockCommand,
  GetVaultNotificationsCommand,
  GlacierClient,
  InitiateJobCommand,
  InitiateVaultLockCommand,
  ListPartsCommand,
  ListProvisionedCapacityCommand,
  ListTagsForVaultCommand,
  PurchaseProvisionedCapacityCommand,
  SetDataRetrievalPolicyCommand,
  SetVaultAccessPolicyCommand,
  SetVaultNotificationsCommand,
  UploadArchiveCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openJournal, readJournal, rewriteJournal } from '../../../src/main/simulator/journal.ts';
import { apply, asChanges, type Change, emptyState } from '../../../src/main/simulator/glacier/records.ts';
import {
  beginUpload,
  clientOf,
  DAY,
  HOUR,
  MIB,
  pattern,
  practice,
  refusal,
  sendPart,
  start,
  tempFolder,
  treeHashHex,
  upload,
} from './practice.ts';

const accountId = '-';

async function filesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Where the system tells; elsewhere none. */
async function openFilesUnder(dir: string): Promise<string[]> {
  const descriptors = '/proc/self/fd';
  const names = process.platform === 'linux' ? await readdir(descriptors) : [];
  const paths = await Promise.all(names.map((name) => readlink(join(descriptors, name)).catch(() => '')));
  return paths.filter((path) => path.startsWith(dir));
}

describe('after a restart', () => {
  it('keys, vaults, archives, uploads, jobs and the clock are as they were', async () => {
    const p = await practice();
    const { dir, simulator: first, vaultName } = p;
    const data = pattern(2.5 * MIB);
    const ArchiveId = await upload(p, data, 'kept');
    const uploadId = await beginUpload(p);
    await sendPart(p, uploadId, 0, data.subarray(0, MIB));
    await sendPart(p, uploadId, 2 * MIB, data.subarray(2 * MIB));
    const jobParameters = { Type: 'archive-retrieval', ArchiveId, RetrievalByteRange: '1048576-2621439' };
    const { jobId } = await p.client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
    first.advance(4 * HOUR);
    const shown = first.now();
    await first.close();

    const second = await start(dir);
    expect(second.secretAccessKey).toBe(first.secretAccessKey);
    expect(second.accountId).toBe(first.accountId);
    expect(second.now()).toBeGreaterThanOrEqual(shown);
    const again = { ...p, simulator: second, client: clientOf(second) };
    const { body } = await again.client.send(new GetJobOutputCommand({ accountId, vaultName, jobId }));
    expect(Buffer.from(await body!.transformToByteArray())).toEqual(data.subarray(MIB));
    const { Parts } = await again.client.send(new ListPartsCommand({ accountId, vaultName, uploadId }));
    expect(Parts?.map(({ RangeInBytes }) => RangeInBytes)).toEqual(['0-1048575', '2097152-2621439']);
    await sendPart(again, uploadId, MIB, data.subarray(MIB, 2 * MIB));
    await again.client.send(
      new CompleteMultipartUploadCommand({
        accountId,
        vaultName,
        uploadId,
        archiveSize: String(data.length),
        checksum: treeHashHex(data),
      }),
    );
  });

  it('what nobody can ask for any more has left the disk', async () => {
    const p = await practice();
    const { dir, simulator: first, vaultName } = p;
    const archiveId = await upload(p, pattern(2 * MIB));
    const { jobId } = await p.client.send(
      new InitiateJobCommand({
        accountId,
        vaultName,
        jobParameters: { Type: 'archive-retrieval', ArchiveId: archiveId },
      }),
    );
    expect(jobId).toBeDefined();
    await sendPart(p, await beginUpload(p), 0, pattern(MIB));
    first.advance(5 * HOUR);
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName, archiveId }));
    const data = join(dir, 'glacier', 'data');
    expect(await filesUnder(data)).toHaveLength(3);
    first.advance(2 * DAY);
    await writeFile(join(data, (await readdir(data))[0]!, 'stray'), 'left by a kill');
    await first.close();
    await start(dir);
    expect(await filesUnder(data)).toEqual([]);
  });

  it('a fast clock has not aged by more than the real time', async () => {
    const dir = await tempFolder();
    const first = await start(dir, { speed: 1_000_000 });
    await first.close();
    const left = first.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await start(dir, { speed: 0 });
    expect(second.now() - left).toBeLessThan(60_000 + 1000 * 1_000_000);
    expect(second.now()).toBeGreaterThanOrEqual(Date.now() - 60_000);
  });
});

/** A process of its own, running a simulator on `dir` until it is killed. */
async function spawnSimulator(dir: string): Promise<{ child: ChildProcess; client: GlacierClient }> {
  const module = new URL('../../../src/main/simulator/simulator.ts', import.meta.url).href;
  const script = `import { startSimulator } from ${JSON.stringify(module)};
    const s = await startSimulator({ dir: ${JSON.stringify(dir)}, durability: 'none' });
    console.log(JSON.stringify({ url: s.url, accessKeyId: s.accessKeyId, secretAccessKey: s.secretAccessKey }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, ...credentials } = JSON.parse(line) as {
    url: string;
    accessKeyId: string;
    secretAccessKey: string;
  };
  const client = new GlacierClient({ region: 'us-east-1', endpoint: url, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return { child, client };
}

const denyingUploads = JSON.stringify({
  Statement: [{ Effect: 'Deny', Principal: '*', Action: 'glacier:UploadArchive', Resource: '*' }],
});

describe('a kill', () => {
  it('at any moment loses nothing that was acknowledged', async () => {
    const dir = await tempFolder();
    const stored = new Map<string, Buffer>();
    for (let round = 0; round < 3; round += 1) {
      const { child, client } = await spawnSimulator(dir);
      await client.send(new CreateVaultCommand({ accountId, vaultName: 'v' }));
      let alive = true;
      const sender = async (n: number): Promise<void> => {
        for (let i = 0; alive; i += 1) {
          const body = Buffer.alloc(1 + ((i * 77_777) % 1_500_000), `${round}${n}`);
          try {
            const { archiveId } = await client.send(
              new UploadArchiveCommand({ accountId, vaultName: 'v', body }),
            );
            stored.set(archiveId!, body);
          } catch {
            return;
          }
        }
      };
      const senders = [sender(0), sender(1), sender(2)];
      await new Promise((resolve) => setTimeout(resolve, 300 + 150 * round));
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      alive = false;
      await Promise.all(senders);
    }

    expect(stored.size).toBeGreaterThan(10);
    const simulator = await start(dir);
    const client = clientOf(simulator);
    const jobs = new Map<string, Buffer>();
    for (const [ArchiveId, body] of stored) {
      const jobParameters = { Type: 'archive-retrieval', ArchiveId };
      jobs.set(
        (await client.send(new InitiateJobCommand({ accountId, vaultName: 'v', jobParameters }))).jobId!,
        body,
      );
    }
    simulator.advance(5 * HOUR);
    for (const [jobId, body] of jobs) {
      const answer = await client.send(new GetJobOutputCommand({ accountId, vaultName: 'v', jobId }));
      expect(Buffer.from(await answer.body!.transformToByteArray()).equals(body)).toBe(true);
      expect(answer.checksum).toBe(treeHashHex(body));
    }
  });

  it('leaves everything set on vaults and account as it was acknowledged', async () => {
    const dir = await tempFolder();
    const { child, client } = await spawnSimulator(dir);
    const vaultName = 'v';
    const vaultNotificationConfig = {
      SNSTopic: 'arn:aws:sns:us-east-1:1:t',
      Events: ['ArchiveRetrievalCompleted'],
    };
    const policy = { Policy: denyingUploads };
    await client.send(new CreateVaultCommand({ accountId, vaultName }));
    await client.send(new SetVaultNotificationsCommand({ accountId, vaultName, vaultNotificationConfig }));
    await client.send(new SetVaultAccessPolicyCommand({ accountId, vaultName, policy }));
    await client.send(new AddTagsToVaultCommand({ accountId, vaultName, Tags: { owner: 'me' } }));
    const { lockId } = await client.send(new InitiateVaultLockCommand({ accountId, vaultName, policy }));
    await client.send(new CompleteVaultLockCommand({ accountId, vaultName, lockId }));
    const Policy = { Rules: [{ Strategy: 'BytesPerHour', BytesPerHour: 5 }] };
    await client.send(new SetDataRetrievalPolicyCommand({ accountId, Policy }));
    const { capacityId } = await client.send(new PurchaseProvisionedCapacityCommand({ accountId }));
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;

    const again = clientOf(await start(dir));
    const of = { accountId, vaultName };
    expect(await again.send(new GetVaultNotificationsCommand(of))).toMatchObject({ vaultNotificationConfig });
    expect(await again.send(new GetVaultAccessPolicyCommand(of))).toMatchObject({ policy });
    expect(await again.send(new ListTagsForVaultCommand(of))).toMatchObject({ Tags: { owner: 'me' } });
    expect(await again.send(new GetVaultLockCommand(of))).toMatchObject({ ...policy, State: 'Locked' });
    expect(await again.send(new GetDataRetrievalPolicyCommand({ accountId }))).toMatchObject({ Policy });
    expect(await again.send(new ListProvisionedCapacityCommand({ accountId }))).toMatchObject({
      ProvisionedCapacityList: [{ CapacityId: capacityId }],
    });
    await again.send(new DeleteVaultAccessPolicyCommand(of));
    const send = new UploadArchiveCommand({ ...of, body: pattern(10) });
    expect(await refusal(again.send(send))).toEqual([403, 'AccessDeniedException', expect.anything()]);
  });
});

describe('the journal', () => {
  it('of a time without settings, capacity and messages still opens', async () => {
    const p = await practice();
    const path = join(p.dir, 'glacier', 'journal.jsonl');
    const archive = {
      id: 'a',
      description: '',
      createdAt: 2,
      size: 5,
      treeHash: 'a'.repeat(64),
      deletedAt: null,
    };
    const job = {
      id: 'j',
      description: null,
      snsTopic: 'arn:aws:sns:us-east-1:1:t',
      createdAt: p.simulator.now(),
      kind: 'archive',
      archiveId: 'a',
      archiveBytes: 5,
      archiveTreeHash: 'a'.repeat(64),
      first: 0,
      last: 4,
      rangeTreeHash: 'a'.repeat(64),
      tier: 'Standard',
      completesAt: p.simulator.now() + HOUR,
    };
    await p.simulator.close();
    rewriteJournal(path, [
      {
        at: 1,
        changes: [{ put: 'vault', vault: { name: 'v', createdAt: 1, lastWriteAt: null, inventoryAt: null } }],
      },
      { at: 2, changes: [{ put: 'archive', of: 'v', archive }] },
      { at: 3, changes: [{ put: 'job', of: 'v', job }] },
    ]);
    const simulator = await start(p.dir);
    const client = clientOf(simulator);
    const of = { accountId, vaultName: 'v' };
    expect((await client.send(new ListTagsForVaultCommand(of))).Tags).toEqual({});
    expect(await client.send(new GetDataRetrievalPolicyCommand({ accountId }))).toMatchObject({
      Policy: { Rules: [{ Strategy: 'None' }] },
    });
    expect(await client.send(new DescribeJobCommand({ ...of, jobId: 'j' }))).toMatchObject({
      StatusCode: 'InProgress',
    });
    simulator.advance(2 * HOUR);
    expect(await simulator.messages()).toMatchObject([{ topic: job.snsTopic, at: job.completesAt }]);
  });

  it('drops a torn last line and goes on after it', async () => {
    const path = join(await tempFolder(), 'journal');
    const journal = await openJournal(path, 'none');
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append({ i })));
    await journal.close();
    await appendFile(path, '{"i":100,"torn');
    const expected = Array.from({ length: 100 }, (_, i) => ({ i }));
    expect(readJournal(path)).toEqual(expected);
    const more = await openJournal(path, 'fsync');
    await more.append({ i: 100 });
    await more.close();
    expect(readJournal(path)).toEqual([...expected, { i: 100 }]);
  });

  it('names a damaged line', async () => {
    const path = join(await tempFolder(), 'journal');
    await writeFile(path, '{"i":0}\nnonsense\n{"i":2}\n');
    expect(() => readJournal(path)).toThrow('damaged at line 2');
  });

  it.each(['s3/journal.jsonl', 'bill.jsonl', 'clock.json'])(
    'damaged in %s keeps the simulator from starting, and nothing stays open',
    async (name) => {
      const dir = await tempFolder();
      await (await start(dir)).close();
      await writeFile(join(dir, name), 'nonsense\n');
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      onTestFinished(() => void vi.useRealTimers());
      await expect(start(dir)).rejects.toThrow();
      expect(vi.getTimerCount()).toBe(0);
      expect(await openFilesUnder(dir)).toEqual([]);
      await rm(join(dir, name));
      await start(dir);
    },
  );

  it('is replaced as a whole', async () => {
    const path = join(await tempFolder(), 'journal');
    rewriteJournal(path, [1, 2]);
    rewriteJournal(path, [3]);
    expect(await readFile(path, 'utf8')).toBe('3\n');
  });

  it('is rewritten at start when most of it is past', async () => {
    const p = await practice();
    const path = join(p.dir, 'glacier', 'journal.jsonl');
    await p.simulator.close();
    const vault = { name: 'v', createdAt: 1, lastWriteAt: null, inventoryAt: null };
    const line = { at: 1, changes: [{ put: 'vault', vault }] };
    rewriteJournal(path, Array<object>(50_000).fill(line));
    const long = (await stat(path)).size;
    const simulator = await start(p.dir);
    expect((await stat(path)).size).toBeLessThan(long / 1000);
    await clientOf(simulator).send(new DescribeVaultCommand({ accountId, vaultName: 'v' }));
  });

  it('holds the state as changes that make it again', () => {
    const changes: Change[] = [
      { put: 'vault', vault: { name: 'v', createdAt: 1, lastWriteAt: 3, inventoryAt: 2 } },
      {
        put: 'archive',
        of: 'v',
        archive: { id: 'a', description: '', createdAt: 1, size: 1, treeHash: 'h', deletedAt: 2 },
      },
      {
        put: 'upload',
        of: 'v',
        upload: { id: 'u', archiveId: 'b', description: 'd', partBytes: MIB, createdAt: 1, outcome: null },
      },
      { put: 'part', of: 'v', upload: 'u', part: { index: 0, bytes: MIB, treeHash: 'h', storedAt: 5 } },
      { put: 'part', of: 'v', upload: 'u', part: { index: 1, bytes: MIB, treeHash: 'h', storedAt: 4 } },
      { drop: 'part', of: 'v', upload: 'u', index: 1 },
      {
        put: 'upload',
        of: 'v',
        upload: {
          id: 'w',
          archiveId: 'c',
          description: '',
          partBytes: MIB,
          createdAt: 1,
          outcome: { kind: 'aborted', at: 9 },
        },
      },
      {
        put: 'job',
        of: 'v',
        job: {
          id: 'j',
          kind: 'inventory',
          description: null,
          snsTopic: null,
          createdAt: 1,
          completesAt: 2,
          inventoryAt: 2,
          format: 'CSV',
          startDate: null,
          endDate: null,
          limit: null,
          marker: null,
          publishedAt: 3,
        },
      },
      {
        put: 'settings',
        of: 'v',
        settings: {
          notifications: { topic: 't', events: ['ArchiveRetrievalCompleted'] },
          accessPolicy: '{}',
          lock: { id: 'l', policy: '{}', createdAt: 1, expiresAt: 2, lockedAt: null },
          tags: { a: 'b' },
        },
      },
      {
        put: 'account',
        account: {
          retrievalRule: { strategy: 'BytesPerHour', bytesPerHour: 5 },
          capacity: [{ id: 'c', startsAt: 1, expiresAt: 2 }],
        },
      },
      { put: 'message', message: { id: 'm', topic: 't', at: 1, message: 'one' } },
      { put: 'message', message: { id: 'n', topic: 't', at: 2, message: 'two' } },
      { put: 'vault', vault: { name: 'gone', createdAt: 1, lastWriteAt: null, inventoryAt: null } },
      { drop: 'vault', name: 'gone' },
    ];
    const state = emptyState();
    for (const change of changes) apply(state, change);
    const again = emptyState();
    for (const change of asChanges(state)) apply(again, change);
    for (const change of asChanges(state)) apply(again, change);
    expect(again).toEqual(state);
    expect(state.vaults.get('v')?.uploads.get('u')?.activeAt).toBe(5);
    expect(Array.from(state.messages.values(), ({ message }) => message)).toEqual(['one', 'two']);
  });
});
