import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import {
  CreateVaultCommand,
  DescribeVaultCommand,
  ListVaultsCommand,
  UploadArchiveCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../../src/main/simulator/simulator.ts';
import {
  clientOf,
  MIB,
  pattern,
  type Plain,
  practice,
  refusal,
  signed,
  start,
  tempFolder,
} from './practice.ts';

const accountId = '-';

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function send(
  simulator: Simulator,
  { method = 'GET', path, headers = {}, body, agent }: Plain,
): Promise<Answer> {
  const { hostname, port } = new URL(simulator.url);
  const outgoing = request({ hostname, port, method, path, headers, agent });
  const answered = once(outgoing, 'response');
  outgoing.end(body);
  const [incoming] = (await answered) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: incoming.statusCode, headers: incoming.headers, text: Buffer.concat(chunks).toString() };
}

const version = { 'x-amz-glacier-version': '2012-06-01' };
const codeOf = ({ text }: Answer): unknown => (JSON.parse(text) as { code: unknown }).code;

describe('every answer', () => {
  it('has a request id, a real date, and JSON of exactly that content type', async () => {
    const { simulator } = await practice();
    simulator.advance(1e10);
    const answer = await send(simulator, signed(simulator, { path: '/-/vaults?limit=1', headers: version }));
    expect(answer.status).toBe(200);
    expect(answer.headers['x-amzn-requestid']).toMatch(/^[\w-]{47}$/);
    expect(Math.abs(Date.parse(String(answer.headers['date'])) - Date.now())).toBeLessThan(5000);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(answer.text.length));
    const [vault] = (JSON.parse(answer.text) as { VaultList: object[] }).VaultList;
    expect(vault).toHaveProperty('LastInventoryDate', null);
    expect(JSON.parse(answer.text)).toHaveProperty('Marker', null);
  });

  it('that refuses is JSON with code, message and type', async () => {
    const { simulator } = await practice();
    const answer = await send(simulator, signed(simulator, { path: '/-/vaults/none', headers: version }));
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('x-amzn-errortype');
    expect(JSON.parse(answer.text)).toEqual({
      code: 'ResourceNotFoundException',
      message: `Vault not found for ARN: arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/none`,
      type: 'Client',
    });
  });

  it('to an unknown path is a JSON 404', async () => {
    const { simulator } = await practice();
    const answer = await send(simulator, { path: '/favicon.ico', headers: version });
    expect([answer.status, codeOf(answer)]).toEqual([404, 'UnknownOperationException']);
  });
});

describe('of several things wrong', () => {
  it('the signature is told before the version, the version before the vault, the vault before the parameters', async () => {
    const { simulator } = await practice();
    const none: Plain = { method: 'POST', path: '/-/vaults/none/multipart-uploads' };
    expect(codeOf(await send(simulator, none))).toBe('MissingAuthenticationTokenException');
    const unversioned = await send(simulator, signed(simulator, none));
    expect([unversioned.status, codeOf(unversioned)]).toEqual([400, 'MissingParameterValueException']);
    expect(unversioned.text).toContain('Required parameter missing: API version');
    const versioned = signed(simulator, { ...none, headers: version });
    expect(codeOf(await send(simulator, versioned))).toBe('ResourceNotFoundException');
  });

  it('a wrong key or secret is told', async () => {
    const { simulator } = await practice();
    const list = new ListVaultsCommand({ accountId });
    expect(await refusal(clientOf(simulator, 'wrong').send(list))).toEqual([
      403,
      'InvalidSignatureException',
      expect.stringContaining(
        'The request signature we calculated does not match the signature you provided.',
      ),
    ]);
    const stranger = clientOf({ ...simulator, accessKeyId: 'AKIASTRANGER' });
    expect(await refusal(stranger.send(list))).toEqual([
      400,
      'UnrecognizedClientException',
      expect.anything(),
    ]);
    const elsewhere = clientOf({ ...simulator, region: 'eu-west-1' });
    expect(await refusal(elsewhere.send(list))).toEqual([
      403,
      'InvalidSignatureException',
      expect.anything(),
    ]);
  });
});

describe('a body', () => {
  it('need not have its hash stated, except when it is an archive', async () => {
    const { simulator, vaultName } = await practice();
    const job: Plain = {
      method: 'POST',
      path: `/-/vaults/${vaultName}/jobs`,
      headers: version,
      body: '{"Type":"nonsense"}',
    };
    expect(codeOf(await send(simulator, signed(simulator, job)))).toBe('InvalidParameterValueException');
    const archive: Plain = { ...job, path: `/-/vaults/${vaultName}/archives`, body: pattern(3 * MIB) };
    const answer = await send(simulator, signed(simulator, archive));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'MissingParameterValueException']);
  });

  it('whose stated hash is wrong is refused, streamed or not', async () => {
    const { simulator, vaultName } = await practice();
    const headers = {
      ...version,
      'x-amz-content-sha256': 'a'.repeat(64),
      'x-amz-sha256-tree-hash': 'b'.repeat(64),
    };
    for (const path of [`/-/vaults/${vaultName}/jobs`, `/-/vaults/${vaultName}/archives`]) {
      const answer = await send(simulator, signed(simulator, { method: 'POST', path, headers, body: 'x' }));
      expect([answer.status, codeOf(answer)]).toEqual([403, 'InvalidSignatureException']);
    }
  });

  it('of JSON that is none is told apart from wrong values', async () => {
    const { simulator, vaultName } = await practice();
    for (const body of ['{', '[]', '"x"', '{"Type":5}']) {
      const job: Plain = { method: 'POST', path: `/-/vaults/${vaultName}/jobs`, headers: version, body };
      expect(codeOf(await send(simulator, signed(simulator, job)))).toBe('SerializationException');
    }
  });

  it('may state its tree hash where nobody asked', async () => {
    const { simulator, vaultName } = await practice();
    const headers = { ...version, 'x-amz-sha256-tree-hash': 'nonsense' };
    const job: Plain = { method: 'POST', path: `/-/vaults/${vaultName}/jobs`, headers, body: '{"Type":"x"}' };
    expect(codeOf(await send(simulator, signed(simulator, job)))).toBe('InvalidParameterValueException');
  });

  it('is read to its end before a refusal, so that the connection can serve again', async () => {
    const { simulator } = await practice();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 3; i += 1) {
      const answer = await send(simulator, {
        method: 'POST',
        path: '/-/vaults/v/archives',
        body: pattern(5 * MIB),
        agent,
      });
      expect(codeOf(answer)).toBe('MissingAuthenticationTokenException');
    }
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    agent.destroy();
  });

  it('of no bytes is no archive', async () => {
    const { simulator, vaultName } = await practice();
    const empty = createHash('sha256').digest('hex');
    const headers = {
      ...version,
      'x-amz-content-sha256': empty,
      'x-amz-sha256-tree-hash': empty,
      'content-length': '0',
    };
    const answer = await send(
      simulator,
      signed(simulator, { method: 'POST', path: `/-/vaults/${vaultName}/archives`, headers }),
    );
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      400,
      { code: 'InvalidParameterValueException', message: 'Invalid Content-Length: 0', type: 'Client' },
    ]);
  });

  it('that stalls is answered 408', async () => {
    const { simulator } = await practice({ bodyIdleMs: 100 });
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
    socket.write('POST /-/vaults/v/archives HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain(
      '{"code":"RequestTimeoutException","message":"Request timed out.","type":"Client"}',
    );
  });
});

describe('a fault on order', () => {
  const create = (vaultName: string): CreateVaultCommand => new CreateVaultCommand({ accountId, vaultName });
  const there = (vaultName: string): DescribeVaultCommand =>
    new DescribeVaultCommand({ accountId, vaultName });
  const throttled = { status: 400, code: 'ThrottlingException', message: 'Slow down.' };

  it('comes as often as asked, for its operation only', async () => {
    const { client, simulator, vaultName } = await practice();
    simulator.failNext({ operation: 'DescribeVault', times: 2, when: 'before', ...throttled });
    await client.send(new ListVaultsCommand({ accountId }));
    for (let i = 0; i < 2; i += 1) {
      expect(await refusal(client.send(there(vaultName)))).toEqual([
        400,
        'ThrottlingException',
        'Slow down.',
      ]);
    }
    await client.send(there(vaultName));
  });

  it('before the effect prevents it, after does not', async () => {
    const { client, simulator } = await practice();
    simulator.failNext({ operation: 'CreateVault', when: 'before', ...throttled });
    await refusal(client.send(create('a')));
    expect(await refusal(client.send(there('a')))).toEqual([
      404,
      'ResourceNotFoundException',
      expect.anything(),
    ]);
    simulator.failNext({ operation: 'CreateVault', when: 'after', ...throttled });
    await refusal(client.send(create('b')));
    await client.send(there('b'));
  });

  it('can cut the connection before or after the effect', async () => {
    const { client, simulator } = await practice();
    simulator.failNext({ operation: '*', when: 'drop-before' });
    await expect(client.send(create('a'))).rejects.toThrow();
    expect(await refusal(client.send(there('a')))).toEqual([
      404,
      'ResourceNotFoundException',
      expect.anything(),
    ]);
    simulator.failNext({ operation: '*', when: 'drop-after' });
    await expect(client.send(create('b'))).rejects.toThrow();
    await client.send(there('b'));
  });
});

describe('a mode', () => {
  it('refuses everything, as to an account new to vaults or without rights', async () => {
    const { client, simulator } = await practice();
    const list = new ListVaultsCommand({ accountId });
    simulator.setMode({ noLongerSupported: true });
    expect(await refusal(client.send(list))).toEqual([
      400,
      'NoLongerSupportedException',
      'This API is no longer supported for new accounts. Please use Amazon S3 Glacier storage classes instead.',
    ]);
    simulator.setMode({ noLongerSupported: false, denyAll: true });
    expect(await refusal(client.send(list))).toEqual([403, 'AccessDeniedException', expect.anything()]);
    simulator.setMode({ denyAll: false });
    await client.send(list);
  });

  it('shifts the clock of the transport, which clients are told and may follow', async () => {
    const { client, simulator } = await practice();
    const list = new ListVaultsCommand({ accountId });
    simulator.setMode({ transportSkewMs: 3600_000 });
    expect(await refusal(client.send(list))).toEqual([
      403,
      'InvalidSignatureException',
      expect.stringMatching(/^Signature expired: \w{16} is now earlier than \w{16} \(\w{16} - 5 min\.\)$/),
    ]);
    await client.send(list); // the SDK has taken over the Date header
    simulator.setMode({ transportSkewMs: 0 });
    expect(await refusal(client.send(list))).toEqual([
      403,
      'InvalidSignatureException',
      expect.stringMatching(
        /^Signature not yet current: \w{16} is still later than \w{16} \(\w{16} \+ 5 min\.\)$/,
      ),
    ]);
    await client.send(list);
  });
});

describe('the control door', () => {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Plain => ({
    method: 'POST',
    path: `/-simulator/${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

  it('moves the clock, orders faults and modes, and shows the state', async () => {
    const { client, simulator, vaultName } = await practice();
    await client.send(new UploadArchiveCommand({ accountId, vaultName, body: pattern(100) }));
    const before = simulator.now();
    expect((await send(simulator, post('advance', { seconds: 3600 }))).status).toBe(204);
    expect(simulator.now() - before).toBeGreaterThanOrEqual(3600_000);
    await send(simulator, post('speed', { speed: 0 }));
    await send(
      simulator,
      post('fail', { operation: 'ListVaults', status: 500, code: 'ServiceUnavailableException' }),
    );
    await send(simulator, post('fail', { operation: 'ListVaults', when: 'drop-before', times: 2 }));
    await send(simulator, post('mode', { denyAll: true }));
    const state = JSON.parse((await send(simulator, { path: '/-simulator/state' })).text) as unknown;
    expect(state).toMatchObject({
      nowMs: simulator.now(),
      speed: 0,
      accountId: simulator.accountId,
      mode: { denyAll: true },
      pendingFaults: [
        { operation: 'ListVaults', status: 500, when: 'before', times: 1 },
        { when: 'drop-before', times: 2 },
      ],
      counts: { operations: { CreateVault: 1, UploadArchive: 1 }, bytesIn: simulator.counts().bytesIn },
      vaults: [{ name: vaultName, archives: 1, bytes: 100, openUploads: 0, jobs: 0 }],
    });
  });

  it('is closed to web pages', async () => {
    const { simulator } = await practice();
    const before = simulator.now();
    const far = { seconds: 1e9 };
    const tries = [
      post('advance', far, { host: 'evil.example' }),
      post('advance', far, { origin: 'http://localhost:5173' }),
      post('advance', far, { 'content-type': 'text/plain' }),
    ];
    const answers = await Promise.all(tries.map((plain) => send(simulator, plain)));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 415]);
    expect(simulator.now() - before).toBeLessThan(60_000);
  });

  it('refuses what makes no sense', async () => {
    const { simulator } = await practice();
    const tries = [
      post('advance', { seconds: -1 }),
      post('speed', {}),
      post('fail', { operation: 'X' }),
      post('mode', { no: 1 }),
    ];
    const answers = await Promise.all(tries.map((plain) => send(simulator, plain)));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect((await send(simulator, post('nothing', {}))).status).toBe(404);
  });
});

describe('a folder', () => {
  it('serves one simulator at a time', async () => {
    const dir = await tempFolder();
    const simulator = await start(dir);
    await expect(start(dir)).rejects.toThrow('already runs');
    await simulator.close();
    await start(dir);
  });
});
