import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteArchiveCommand,
  DeleteVaultNotificationsCommand,
  DescribeJobCommand,
  GetVaultNotificationsCommand,
  InitiateJobCommand,
  type JobParameters,
  SetVaultNotificationsCommand,
  type VaultNotificationConfig,
} from '@aws-sdk/client-glacier';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SimulatorOptions } from '../../../src/main/simulator/simulator.ts';
import {
  clientOf,
  DAY,
  HOUR,
  pattern,
  type Practice,
  practice,
  refusal,
  start,
  tempFolder,
  upload,
} from './practice.ts';

const accountId = '-';
const vaultTopic = 'arn:aws:sns:us-east-1:111122223333:vault';
const jobTopic = 'arn:aws:sns:us-east-1:111122223333:job';
const both = ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'];

async function set(
  { client, vaultName }: Practice,
  vaultNotificationConfig: VaultNotificationConfig,
): Promise<void> {
  const command = new SetVaultNotificationsCommand({ accountId, vaultName, vaultNotificationConfig });
  expect((await client.send(command)).$metadata.httpStatusCode).toBe(204);
}

async function get({ client, vaultName }: Practice): Promise<VaultNotificationConfig | undefined> {
  const answer = await client.send(new GetVaultNotificationsCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  return answer.vaultNotificationConfig;
}

async function remove({ client, vaultName }: Practice): Promise<void> {
  const answer = await client.send(new DeleteVaultNotificationsCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

async function order({ client, vaultName }: Practice, jobParameters: JobParameters): Promise<string> {
  const answer = await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
  return answer.jobId!;
}

const retrieve = (p: Practice, ArchiveId: string, more: JobParameters = {}): Promise<string> =>
  order(p, { Type: 'archive-retrieval', ArchiveId, ...more });

/** Topic and job of each message. */
async function told({ simulator }: Practice): Promise<[string, string][]> {
  return (await simulator.messages()).map(({ topic, message }) => [
    topic,
    (JSON.parse(message) as { JobId: string }).JobId,
  ]);
}

describe('a notification configuration', () => {
  it('is set, replaced, shown and deleted more than once', async () => {
    const p = await practice();
    const none = [404, 'ResourceNotFoundException', expect.anything()];
    expect(await refusal(get(p))).toEqual(none);
    await set(p, { SNSTopic: vaultTopic, Events: both });
    expect(await get(p)).toEqual({ SNSTopic: vaultTopic, Events: both });
    await set(p, { SNSTopic: jobTopic, Events: both.slice(1) });
    expect(await get(p)).toEqual({ SNSTopic: jobTopic, Events: both.slice(1) });
    await remove(p);
    await remove(p);
    expect(await refusal(get(p))).toEqual(none);
    expect(await refusal(get({ ...p, vaultName: 'none' }))).toEqual(none);
    expect(await refusal(remove({ ...p, vaultName: 'none' }))).toEqual(none);
  });

  it.each<[VaultNotificationConfig, string]>([
    [{ Events: both }, 'MissingParameterValueException'],
    [{ SNSTopic: vaultTopic }, 'MissingParameterValueException'],
    [{ SNSTopic: vaultTopic, Events: [] }, 'MissingParameterValueException'],
    [{ SNSTopic: 'mine', Events: both }, 'InvalidParameterValueException'],
    [{ SNSTopic: vaultTopic, Events: ['ArchiveUploaded'] }, 'InvalidParameterValueException'],
  ])('%j is none', async (config, code) => {
    expect(await refusal(set(await practice(), config))).toEqual([400, code, expect.anything()]);
  });
});

describe('the end of a job', () => {
  it("is published to the vault's topic and to the job's own, as the job is described", async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    await set(p, { SNSTopic: vaultTopic, Events: both });
    const jobId = await retrieve(p, await upload(p, pattern(10)), {
      Description: 'mine',
      SNSTopic: jobTopic,
    });
    const end = simulator.now() + 4 * HOUR;
    simulator.advance(4 * HOUR - 1);
    expect(await simulator.messages()).toEqual([]);
    simulator.advance(1);
    const messages = await simulator.messages();
    expect(messages.map(({ topic, at }) => [topic, at])).toEqual([
      [vaultTopic, end],
      [jobTopic, end],
    ]);
    const { $metadata, ...job } = await client.send(new DescribeJobCommand({ accountId, vaultName, jobId }));
    expect($metadata.httpStatusCode).toBe(200);
    for (const { message } of messages) {
      const said = JSON.parse(message) as Record<string, unknown>;
      expect(said).toMatchObject(job);
      expect(said).toMatchObject({ Completed: true, StatusCode: 'Succeeded', InventorySizeInBytes: null });
    }
  });

  it('is published once, however often and by whomever it is looked for', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const jobId = await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    simulator.advance(5 * HOUR);
    const look = new DescribeJobCommand({ accountId, vaultName, jobId });
    await Promise.all(Array.from({ length: 10 }, () => client.send(look)));
    await Promise.all([simulator.messages(), simulator.messages()]);
    expect(await told(p)).toEqual([[jobTopic, jobId]]);
  });

  it('is published if it is found only when the job is long gone', async () => {
    const p = await practice({ speed: 0 });
    const jobId = await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    p.simulator.advance(30 * DAY);
    expect(await told(p)).toEqual([[jobTopic, jobId]]);
  });

  it('is published in the order of the ends', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(10));
    const bulk = await retrieve(p, archiveId, { SNSTopic: jobTopic, Tier: 'Bulk' });
    const standard = await retrieve(p, archiveId, { SNSTopic: jobTopic });
    const expedited = await retrieve(p, archiveId, { SNSTopic: jobTopic, Tier: 'Expedited' });
    p.simulator.advance(DAY);
    expect((await told(p)).map(([, jobId]) => jobId)).toEqual([expedited, standard, bulk]);
  });

  it('that is a failure is published too', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    await retrieve(p, archiveId, { SNSTopic: jobTopic });
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId }));
    p.simulator.advance(4 * HOUR);
    const [first] = await p.simulator.messages();
    expect(JSON.parse(first!.message)).toMatchObject({ Completed: true, StatusCode: 'Failed' });
  });

  it.each([
    ['archives', both.slice(0, 1)],
    ['inventories', both.slice(1)],
  ])("goes to a vault's topic only if it asked for %s", async (what, Events) => {
    const p = await practice({ speed: 0 });
    await set(p, { SNSTopic: vaultTopic, Events });
    const archiveId = await upload(p, pattern(10));
    p.simulator.advance(DAY);
    const archive = await retrieve(p, archiveId);
    const inventory = await order(p, { Type: 'inventory-retrieval' });
    p.simulator.advance(5 * HOUR);
    expect(await told(p)).toEqual([[vaultTopic, what === 'archives' ? archive : inventory]]);
    const [first] = await p.simulator.messages();
    expect(JSON.parse(first!.message)).toMatchObject(
      what === 'archives'
        ? { ArchiveId: archiveId }
        : { InventorySizeInBytes: expect.any(Number) as unknown },
    );
  });

  it('goes by the configuration there was at that time', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(10));
    await retrieve(p, archiveId);
    p.simulator.advance(5 * HOUR);
    await set(p, { SNSTopic: vaultTopic, Events: both });
    expect(await told(p)).toEqual([]);
    const second = await retrieve(p, archiveId);
    p.simulator.advance(5 * HOUR);
    await remove(p);
    expect(await told(p)).toEqual([[vaultTopic, second]]);
  });

  it('can be read at the control door', async () => {
    const p = await practice({ speed: 0 });
    await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    p.simulator.advance(5 * HOUR);
    const answer = await fetch(`${p.simulator.url}/-simulator/messages`);
    expect(await answer.json()).toEqual({ messages: await p.simulator.messages() });
    expect(await p.simulator.messages()).toHaveLength(1);
  });

  it('is published once across restarts', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(10));
    const first = await retrieve(p, archiveId, { SNSTopic: jobTopic });
    const second = await retrieve(p, archiveId, { SNSTopic: jobTopic, Tier: 'Bulk' });
    p.simulator.advance(5 * HOUR);
    const before = await p.simulator.messages();
    p.simulator.advance(30 * DAY);
    await p.simulator.close();
    const simulator = await start(p.dir);
    const after = await simulator.messages();
    expect(after.slice(0, 1)).toEqual(before);
    expect(await told({ ...p, simulator })).toEqual([
      [jobTopic, first],
      [jobTopic, second],
    ]);
  });

  it('is remembered for the newest thousand messages', async () => {
    const p = await practice({ speed: 0 });
    const archiveId = await upload(p, pattern(10));
    const ids: string[] = [];
    for (let i = 0; i < 101; i += 1) {
      const jobs = Array.from({ length: 10 }, () => retrieve(p, archiveId, { SNSTopic: jobTopic }));
      ids.push(...(await Promise.all(jobs)));
      p.simulator.advance(1);
    }
    p.simulator.advance(5 * HOUR);
    const kept = await told(p);
    expect(kept).toHaveLength(1000);
    expect(new Set(kept.map(([, id]) => id))).toEqual(new Set(ids.slice(10)));
  });
});

interface Post {
  readonly headers: IncomingMessage['headers'];
  readonly envelope: Record<string, unknown>;
}

/** A listener on this computer that first answers with `statuses`, then 200; `next` resolves with the next post. */
async function listen(
  statuses: number[] = [],
): Promise<{ url: string; posts: Post[]; next(): Promise<void> }> {
  const posts: Post[] = [];
  const server = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
      const envelope = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      posts.push({ headers: req.headers, envelope });
      res.writeHead(statuses.shift() ?? 200).end();
      server.emit('posted');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/topic`;
  const next = async (): Promise<void> => {
    await once(server, 'posted');
  };
  return { url, posts, next };
}

describe('a listener', () => {
  const options = (notifyUrl: string): Partial<SimulatorOptions> => ({ notifyUrl, speed: 0 });

  it('is sent each message, in an envelope, with nobody asking', async () => {
    const { url, posts, next } = await listen();
    const p = await practice(options(url));
    const jobId = await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    const posted = next();
    p.simulator.advance(4 * HOUR);
    await posted;
    const [message] = await p.simulator.messages();
    const [post] = posts;
    expect(post?.envelope).toEqual({
      Type: 'Notification',
      MessageId: message!.id,
      TopicArn: jobTopic,
      Message: message!.message,
      Timestamp: new Date(message!.at).toISOString(),
    });
    expect(JSON.parse(String(post?.envelope['Message']))).toMatchObject({ JobId: jobId });
    expect(post?.headers).toMatchObject({
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': message!.id,
      'x-amz-sns-topic-arn': jobTopic,
    });
  });

  it('that fails is tried again with the same message', async () => {
    const { url, posts, next } = await listen([500]);
    const p = await practice(options(url));
    await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    const posted = next();
    p.simulator.advance(4 * HOUR);
    await posted;
    await next();
    expect(posts[1]?.envelope).toEqual(posts[0]?.envelope);
  });

  it('that is not there harms nothing', async () => {
    const p = await practice(options('http://127.0.0.1:9/'));
    const jobId = await retrieve(p, await upload(p, pattern(10)), { SNSTopic: jobTopic });
    p.simulator.advance(4 * HOUR);
    expect(await told(p)).toEqual([[jobTopic, jobId]]);
    await p.simulator.close();
    const simulator = await start(p.dir);
    const { client, vaultName } = { ...p, client: clientOf(simulator) };
    await client.send(new DescribeJobCommand({ accountId, vaultName, jobId }));
  });

  it.each(['http://example.com/', 'https://127.0.0.1/', 'http://127.0.0.1.example.com/', 'topic'])(
    'is never at %s',
    async (notifyUrl) => {
      const dir = await tempFolder();
      await expect(start(dir, { notifyUrl })).rejects.toThrow(RangeError);
      await start(dir);
    },
  );
});
