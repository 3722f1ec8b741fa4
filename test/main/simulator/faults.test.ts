import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateVaultCommand,
  DescribeJobCommand,
  DescribeVaultCommand,
  GetJobOutputCommand,
  InitiateJobCommand,
  ListPartsCommand,
  ListVaultsCommand,
} from '@aws-sdk/client-glacier';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, newConditions } from '../../../src/main/simulator/faults.ts';
import { readFaultFile, readFaults } from '../../../src/main/simulator/faultScript.ts';
import {
  beginUpload,
  DAY,
  HOUR,
  MIB,
  pattern,
  type Plain,
  type Practice,
  practice,
  refusal,
  sendPart,
  signed,
  tempFolder,
  treeHashHex,
  upload,
} from './practice.ts';

const accountId = '-';
const throttled = {
  when: 'before',
  status: 400,
  code: 'ThrottlingException',
  message: 'Slow down.',
} as const;
const version = { 'x-amz-glacier-version': '2012-06-01' };

/** Which of `requests` requests for one operation a fault hits, by number from 1. */
function hits(fault: Fault, requests: number): number[] {
  const conditions = newConditions(
    () => undefined,
    () => 0,
  );
  conditions.add(fault);
  const taken = Array.from({ length: requests }, () => conditions.take('X'));
  return taken.flatMap((one, i) => (one === null ? [] : [i + 1]));
}

interface Arrived {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** Whether as much came as the head promised. */
  readonly complete: boolean;
}

/** Sends a signed request and takes in what comes, to the end or the cut. */
async function send({ simulator }: Practice, plain: Plain): Promise<Arrived> {
  const { method = 'GET', path, headers, body } = signed(simulator, { ...plain, headers: version });
  const { hostname, port } = new URL(simulator.url);
  const outgoing = request({ hostname, port, method, path, headers, agent: false });
  const answered = once(outgoing, 'response');
  outgoing.end(body);
  const [incoming] = (await answered) as [IncomingMessage];
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('error', () => undefined);
  await new Promise((resolve) => incoming.once('close', resolve));
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    bytes: Buffer.concat(chunks),
    complete: incoming.complete,
  };
}

/** A finished retrieval of an archive with these bytes, and how its output is asked for. */
async function retrieved(p: Practice, data: Buffer): Promise<Plain> {
  const jobId = await retrieval(p, await upload(p, data));
  p.simulator.advance(5 * HOUR);
  return { path: `/-/vaults/${p.vaultName}/jobs/${jobId}/output` };
}

async function retrieval({ client, vaultName }: Practice, ArchiveId: string, Tier?: string): Promise<string> {
  const jobParameters = { Type: 'archive-retrieval', ArchiveId, Tier };
  const { jobId } = await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
  return jobId!;
}

describe('a fault hits', () => {
  it('the requests its script names', () => {
    const X = { operation: 'X', ...throttled };
    expect(hits(X, 5)).toEqual([1]);
    expect(hits({ ...X, operation: 'Y' }, 5)).toEqual([]);
    expect(hits({ ...X, operation: '*' }, 5)).toEqual([1]);
    expect(hits({ ...X, times: 3 }, 5)).toEqual([1, 2, 3]);
    expect(hits({ ...X, after: 2 }, 5)).toEqual([3]);
    expect(hits({ ...X, after: 2, times: 'always' }, 5)).toEqual([3, 4, 5]);
    expect(hits({ ...X, every: 2, times: 'always' }, 5)).toEqual([1, 3, 5]);
    expect(hits({ ...X, after: 1, every: 3, times: 2 }, 20)).toEqual([2, 5]);
  });

  it('for any script, as often as a count of requests says', () => {
    fc.assert(
      fc.property(
        fc.record({
          after: fc.nat(5),
          every: fc.integer({ min: 1, max: 4 }),
          times: fc.integer({ min: 1, max: 5 }),
        }),
        fc.nat(40),
        (script, requests) => {
          const expected = Array.from(
            { length: script.times },
            (_, i) => script.after + 1 + i * script.every,
          );
          expect(hits({ operation: 'X', ...throttled, ...script }, requests)).toEqual(
            expected.filter((number) => number <= requests),
          );
        },
      ),
    );
  });

  it('one request at most, and waits its turn behind another for the same', () => {
    const conditions = newConditions(
      () => undefined,
      () => 0,
    );
    conditions.add({ operation: 'X', ...throttled, code: 'first' });
    conditions.add({ operation: '*', ...throttled, code: 'second' });
    const codes = ['X', 'X', 'X'].map((operation) => {
      const fault = conditions.take(operation);
      return fault !== null && 'code' in fault ? fault.code : null;
    });
    expect(codes).toEqual(['first', 'second', null]);
  });

  it('until its time, without counting', () => {
    let now = 0;
    const conditions = newConditions(
      () => undefined,
      () => now,
    );
    conditions.add({ operation: '*', ...throttled, until: 1000 });
    for (now = 0; now < 1000; now += 100) expect(conditions.take('X')).not.toBeNull();
    expect(conditions.take('X')).toBeNull();
    expect(conditions.pending()).toEqual([]);
  });

  it('no more once it is taken back', () => {
    const conditions = newConditions(
      () => undefined,
      () => 0,
    );
    conditions.add({ operation: '*', ...throttled, after: 3, times: 'always' });
    conditions.take('X');
    expect(conditions.pending()).toEqual([{ operation: '*', ...throttled, after: 2, times: 'always' }]);
    conditions.clear();
    expect(conditions.pending()).toEqual([]);
  });
});

describe('a storm', () => {
  it('refuses everything for a stretch of virtual time and says when to come back', async () => {
    const p = await practice({ speed: 0 });
    const { simulator } = p;
    simulator.failNext({
      operation: '*',
      when: 'before',
      status: 503,
      code: 'ServiceUnavailableException',
      message: 'Busy.',
      retryAfterSeconds: 7,
      until: simulator.now() + 30 * 60_000,
    });
    for (let minute = 0; minute < 30; minute += 10) {
      const answer = await send(p, { path: '/-/vaults' });
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7']);
      simulator.advance(10 * 60_000);
    }
    expect((await send(p, { path: '/-/vaults' })).status).toBe(200);
  });
});

describe('the connection', () => {
  it('is cut in the middle of a body, and the part is not there', async () => {
    const p = await practice();
    const { client, simulator, vaultName } = p;
    const data = pattern(2 * MIB);
    const uploadId = await beginUpload(p, 2 * MIB);
    simulator.failNext({ operation: 'UploadMultipartPart', when: 'cut-body', bytes: MIB });
    await expect(sendPart(p, uploadId, 0, data)).rejects.toThrow();
    const parts = new ListPartsCommand({ accountId, vaultName, uploadId });
    expect((await client.send(parts)).Parts).toEqual([]);
    simulator.failNext({ operation: 'UploadMultipartPart', when: 'cut-body', bytes: 10 * MIB });
    await expect(sendPart(p, uploadId, 0, data)).rejects.toThrow();
    expect((await client.send(parts)).Parts).toEqual([]);
    await sendPart(p, uploadId, 0, data);
    const checksum = treeHashHex(data);
    await client.send(
      new CompleteMultipartUploadCommand({
        accountId,
        vaultName,
        uploadId,
        archiveSize: '2097152',
        checksum,
      }),
    );
  });

  it('is cut before an operation that takes no data has its effect', async () => {
    const { client, simulator } = await practice();
    simulator.failNext({ operation: 'CreateVault', when: 'cut-body', bytes: 0 });
    await expect(client.send(new CreateVaultCommand({ accountId, vaultName: 'a' }))).rejects.toThrow();
    expect((await client.send(new ListVaultsCommand({ accountId }))).VaultList).toHaveLength(1);
  });

  it('answers late, but has served by then', async () => {
    const p = await practice();
    p.simulator.failNext({ operation: 'CreateVault', when: 'delay', delayMs: 300 });
    const before = performance.now();
    const made = p.client.send(new CreateVaultCommand({ accountId, vaultName: 'slow' }));
    await made;
    expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  });

  it('does not keep the simulator open for a late answer', async () => {
    const { client, simulator } = await practice();
    simulator.failNext({ operation: 'ListVaults', when: 'delay', delayMs: 1e9 });
    const asked = client.send(new ListVaultsCommand({ accountId }));
    const refused = expect(asked).rejects.toThrow();
    while ((simulator.counts().operations['ListVaults'] ?? 0) === 0) await new Promise(setImmediate);
    await simulator.close();
    await refused;
  });
});

describe('an output', () => {
  it('is cut short while its head promises all of it', async () => {
    const p = await practice();
    const data = pattern(3 * MIB);
    const output = await retrieved(p, data);
    for (const bytes of [0, 1, 2 * MIB + 5]) {
      p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'truncate', bytes });
      const answer = await send(p, output);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe(String(data.length));
      expect(answer.bytes.equals(data.subarray(0, bytes))).toBe(true);
      expect(answer.complete).toBe(false);
    }
    const whole = await send(p, output);
    expect([whole.complete, whole.bytes.equals(data)]).toEqual([true, true]);
  });

  it('is shorter, and its head agrees', async () => {
    const p = await practice();
    const data = pattern(3 * MIB);
    const output = await retrieved(p, data);
    p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'shorten', bytes: 1000 });
    const answer = await send(p, output);
    expect([answer.complete, answer.headers['content-length']]).toEqual([true, '1000']);
    expect(answer.bytes.equals(data.subarray(0, 1000))).toBe(true);
    expect(answer.headers['x-amz-sha256-tree-hash']).toBe(treeHashHex(data));
  });

  it('has one wrong byte, under the hash of the right bytes or its own', async () => {
    const p = await practice();
    const data = pattern(3 * MIB);
    const output = await retrieved(p, data);
    const offset = 2 * MIB + 77;
    const wrong = Buffer.from(data);
    wrong[offset]! ^= 1;
    for (const hash of ['keep', 'match'] as const) {
      p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'flip', offset, hash });
      const answer = await send(p, output);
      expect(answer.bytes.equals(wrong)).toBe(true);
      expect(answer.headers['x-amz-sha256-tree-hash']).toBe(treeHashHex(hash === 'keep' ? data : wrong));
    }
  });

  it('has a wrong hash or none', async () => {
    const p = await practice();
    const data = pattern(1000);
    const output = await retrieved(p, data);
    p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'hash', to: 'wrong' });
    const wrong = await send(p, output);
    expect(wrong.headers['x-amz-sha256-tree-hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(wrong.headers['x-amz-sha256-tree-hash']).not.toBe(treeHashHex(data));
    expect(wrong.bytes.equals(data)).toBe(true);
    p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'hash', to: 'missing' });
    expect((await send(p, output)).headers).not.toHaveProperty('x-amz-sha256-tree-hash');
  });

  it('is a page of HTML, or nothing, with status 200', async () => {
    const p = await practice();
    const output = await retrieved(p, pattern(1000));
    p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'html' });
    const page = await send(p, output);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html']);
    p.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', change: 'empty' });
    const empty = await send(p, output);
    expect([empty.status, empty.bytes.length, empty.complete]).toEqual([200, 0, true]);
  });

  it('comes under a date that is off', async () => {
    const p = await practice();
    p.simulator.failNext({ operation: 'ListVaults', when: 'answer', change: 'date', skewMs: -DAY });
    const { headers } = await send(p, { path: '/-/vaults' });
    expect(Math.abs(Date.parse(String(headers['date'])) + DAY - Date.now())).toBeLessThan(5000);
  });
});

describe('at once or at the n-th request', () => {
  it('uploads run out', async () => {
    const p = await practice();
    const { client, simulator, vaultName } = p;
    const uploadId = await beginUpload(p);
    simulator.failNext({
      operation: 'UploadMultipartPart',
      after: 1,
      when: 'act-after',
      act: 'expire-uploads',
    });
    await sendPart(p, uploadId, 0, pattern(MIB));
    const parts = new ListPartsCommand({ accountId, vaultName, uploadId });
    expect((await client.send(parts)).Parts).toHaveLength(1);
    await sendPart(p, uploadId, MIB, pattern(MIB));
    await simulator.act('expire-uploads'); // the part was still being written when the fault came
    expect((await refusal(client.send(parts)))[0]).toBe(404);
    expect((await refusal(sendPart(p, uploadId, 0, pattern(MIB))))[0]).toBe(404);
  });

  it('outputs run out in the middle of a download', async () => {
    const p = await practice();
    const output = await retrieved(p, pattern(1000));
    p.simulator.failNext({ operation: 'GetJobOutput', after: 1, when: 'act-before', act: 'expire-outputs' });
    expect((await send(p, output)).status).toBe(200);
    expect((await send(p, output)).status).toBe(404);
  });

  it('jobs under way end Failed, finished ones do not', async () => {
    const p = await practice();
    const { client, simulator, vaultName } = p;
    const archive = await upload(p, pattern(1000));
    const done = await retrieval(p, archive);
    simulator.advance(5 * HOUR);
    const running = await retrieval(p, archive);
    await simulator.act('fail-jobs');
    const state = async (jobId: string): Promise<unknown> =>
      (await client.send(new DescribeJobCommand({ accountId, vaultName, jobId }))).StatusCode;
    expect(await state(running)).toBe('InProgress');
    simulator.advance(5 * HOUR);
    expect([await state(done), await state(running)]).toEqual(['Succeeded', 'Failed']);
    const output = new GetJobOutputCommand({ accountId, vaultName, jobId: running });
    expect((await refusal(client.send(output)))[0]).toBe(400);
  });
});

describe('a script in JSON', () => {
  it('may say how long instead of until when, and leave out what is usual', () => {
    const line = { operation: '*', status: 503, code: 'SlowDown', forSeconds: 60 };
    expect(readFaults(line, 1000)).toEqual([
      { operation: '*', when: 'before', status: 503, code: 'SlowDown', message: '', until: 61_000 },
    ]);
    expect(
      readFaults([{ operation: 'X', when: 'delay', delayMs: 5, until: '1970-01-01T00:00:01Z' }], 0),
    ).toEqual([{ operation: 'X', when: 'delay', delayMs: 5, until: 1000 }]);
  });

  it.each([
    [{}],
    [{ operation: 'X', when: 'sometimes' }],
    [{ operation: 'X', when: 'cut-body' }],
    [{ operation: 'X', when: 'answer', change: 'flip' }],
    [{ operation: 'X', when: 'drop-before', times: 0 }],
    [{ operation: 'X', when: 'drop-before', evry: 2 }],
    [{ operation: 'X', when: 'act-after', act: 'explode' }],
  ])('that makes no sense is refused: %j', (line) => {
    expect(() => readFaults([line], 0)).toThrow();
  });

  it('is in the guide, and good', async () => {
    const guide = await readFile(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');
    const example = /```json\n([^`]*)```/.exec(guide)?.[1] ?? '';
    expect(readFaults(JSON.parse(example), 0).map(({ when }) => when)).toEqual([
      'before',
      'cut-body',
      'drop-after',
      'before',
      'answer',
      'act-before',
      'before',
    ]);
  });

  it('is read from a file, which is named if it is no good', async () => {
    const path = join(await tempFolder(), 'faults.json');
    await writeFile(path, '[{"operation":"X","when":"drop-after","times":2}]');
    expect(readFaultFile(path, 0)).toEqual([{ operation: 'X', when: 'drop-after', times: 2 }]);
    await writeFile(path, '[{"operation":5}]');
    expect(() => readFaultFile(path, 0)).toThrow(path);
    await writeFile(path, 'not JSON');
    expect(() => readFaultFile(path, 0)).toThrow(path);
  });

  it('is taken by the control door, which shows what is pending, clears it and acts', async () => {
    const p = await practice();
    const { client, simulator, vaultName } = p;
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(`${simulator.url}/-simulator/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const pending = async (): Promise<unknown> => {
      const state = (await (await fetch(`${simulator.url}/-simulator/state`)).json()) as {
        pendingFaults: unknown;
      };
      return state.pendingFaults;
    };
    const script = [
      { operation: 'DescribeVault', when: 'answer', change: 'html', after: 1 },
      { operation: '*', when: 'drop-before', after: 9, times: 'always' },
    ];
    expect((await post('fail', script)).status).toBe(204);
    const describeIt = new DescribeVaultCommand({ accountId, vaultName });
    await client.send(describeIt);
    expect(await pending()).toEqual([
      { operation: 'DescribeVault', when: 'answer', change: 'html', after: 0, times: 1 },
      { operation: '*', when: 'drop-before', after: 8, times: 'always' },
    ]);
    await expect(client.send(describeIt)).rejects.toThrow();
    expect((await post('clear', {})).status).toBe(204);
    expect(await pending()).toEqual([]);
    const uploadId = await beginUpload(p);
    expect((await post('act', { act: 'expire-uploads' })).status).toBe(204);
    const parts = new ListPartsCommand({ accountId, vaultName, uploadId });
    expect((await refusal(client.send(parts)))[0]).toBe(404);
    expect((await post('act', { act: 'explode' })).status).toBe(400);
    expect((await post('fail', [...script, {}])).status).toBe(400);
    expect(await pending()).toEqual([]);
  });
});

describe('credentials', () => {
  it('expire after some calls and stay so', async () => {
    const { client, simulator } = await practice();
    simulator.failNext({
      operation: '*',
      after: 2,
      times: 'always',
      when: 'before',
      status: 403,
      code: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
    });
    const list = new ListVaultsCommand({ accountId });
    await client.send(list);
    await client.send(list);
    for (let i = 0; i < 3; i += 1)
      expect((await refusal(client.send(list))).slice(0, 2)).toEqual([403, 'ExpiredTokenException']);
    simulator.clearFaults();
    await client.send(list);
  });
});

describe('a client that goes', () => {
  it('in the middle of a changed answer harms nobody', async () => {
    const p = await practice();
    const output = await retrieved(p, pattern(8 * MIB));
    p.simulator.failNext({
      operation: 'GetJobOutput',
      when: 'answer',
      change: 'flip',
      offset: 0,
      delayMs: 20,
    });
    const { headers = {}, path } = signed(p.simulator, { ...output, headers: version });
    const socket = connect(Number(new URL(p.simulator.url).port), '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await once(socket, 'data');
    socket.destroy();
    expect((await send(p, output)).status).toBe(200);
  });
});
