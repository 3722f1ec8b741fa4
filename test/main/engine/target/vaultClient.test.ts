import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import type { UploadId } from '../../../../src/main/engine/target/target.ts';
import { treeHash } from '../../../../src/main/engine/upload/treeHash.ts';
import { expectKind, MIB, partOf } from './contract.ts';
import {
  always,
  keys,
  refuse,
  startRawService,
  type Answer,
  type Asked,
  type RawService,
} from './rawService.ts';

let service: RawService;
beforeEach(async () => {
  service = await startRawService();
});
afterEach(() => service.close());

const fine = always(200, {}, JSON.stringify({ VaultARN: 'arn' }));
const HOUR = 3600_000;

/** A service whose clock is `skew` ms ahead of this computer's, and which holds signatures to it. */
function withClock(skew: () => number, inner: Answer = fine): Answer {
  return (asked, response, request) => {
    const now = Date.now() + skew();
    response.setHeader('date', new Date(now).toUTCString());
    if (Math.abs(signedAt(asked) - now) <= 5 * 60_000) inner(asked, response, request);
    else refuse(403, 'InvalidSignatureException', 'Signature expired: …')(asked, response, request);
  };
}

function signedAt({ headers }: Asked): number {
  const [, y, mo, d, h, mi, s] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

describe('the signing clock', () => {
  it.each([HOUR, -HOUR, 5 * 365 * 24 * HOUR, -5 * 365 * 24 * HOUR, 6 * 60_000])(
    'is corrected by one refused request when the computer’s is off by %i ms',
    async (skew) => {
      service.answer = withClock(() => skew);
      const vault = service.vault();
      await vault.probe();
      expect(service.asked).toHaveLength(2);
      await vault.probe();
      expect(service.asked).toHaveLength(3);
    },
  );

  it('is corrected for requests that were on their way meanwhile too', async () => {
    service.answer = withClock(() => HOUR);
    const vault = service.vault();
    await Promise.all(Array.from({ length: 6 }, () => vault.probe()));
    expect(service.asked.length).toBeLessThanOrEqual(12);
  });

  it('is corrected again when the computer’s clock jumps while it runs', async () => {
    let skew = 0;
    service.answer = withClock(() => skew);
    const vault = service.vault();
    await vault.probe();
    for (skew of [HOUR, -3 * HOUR, 0]) await vault.probe();
    expect(service.asked).toHaveLength(7);
  });

  it('sends a part again with the same bytes and hashes', async () => {
    const bytes = randomBytes(50_000);
    const stored = always(204, { 'x-amz-sha256-tree-hash': treeHash(bytes).toString('hex') });
    service.answer = withClock(() => HOUR, stored);
    await service.vault().sendPart('u' as UploadId, partOf(bytes, 0));
    expect(service.asked).toHaveLength(2);
    expect(service.asked[1]?.body.equals(bytes)).toBe(true);
    expect(service.asked[1]?.headers['content-length']).toBe('50000');
  });

  it('is said to be off, and by how much, when the service refuses the corrected time too', async () => {
    const refuseAlways = refuse(403, 'InvalidSignatureException');
    service.answer = (asked, response, request) => {
      const jump = (service.asked.length + 1) * HOUR;
      response.setHeader('date', new Date(Date.now() + jump).toUTCString());
      refuseAlways(asked, response, request);
    };
    const failure = await expectKind(service.vault().probe(), 'clock');
    expect(failure.message).toMatch(/clock is 3 hours behind the service/);
    expect(service.asked).toHaveLength(2);
  });

  it('is not blamed for a wrong secret', async () => {
    service.answer = (asked, response, request) => {
      response.setHeader('date', new Date(Date.now() + HOUR).toUTCString());
      refuse(403, 'InvalidSignatureException')(asked, response, request);
    };
    await expectKind(service.vault().probe(), 'denied');
    expect(service.asked).toHaveLength(2);
  });

  it('is left alone by a refusal at the right time', async () => {
    service.answer = refuse(403, 'InvalidSignatureException');
    await expectKind(service.vault().probe(), 'denied');
    expect(service.asked).toHaveLength(1);
  });
});

describe('credentials', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'permafrost-aws-'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(dir, 'credentials'));
    vi.stubEnv('AWS_CONFIG_FILE', join(dir, 'config'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(dir, { recursive: true });
  });

  function vaultOf(profile: string): ReturnType<typeof openVault> {
    return openVault({ vault: 'photos', region: 'eu-central-1', endpoint: service.url, profile });
  }

  async function writeProfile(token: string): Promise<void> {
    const lines = [
      '[cold]',
      'aws_access_key_id = AKCOLD',
      'aws_secret_access_key = x',
      `aws_session_token = ${token}`,
    ];
    await writeFile(join(dir, 'credentials'), lines.join('\n'));
  }

  it('come from the profile that is named', async () => {
    await writeProfile('first');
    service.answer = fine;
    const vault = vaultOf('cold');
    await vault.probe();
    vault.close();
    expect(service.asked[0]?.headers.authorization).toContain('Credential=AKCOLD/');
    expect(service.asked[0]?.headers['x-amz-security-token']).toBe('first');
  });

  it('are read anew once when the service says that they have expired', async () => {
    await writeProfile('first');
    service.answer = (asked, response, request) => {
      if (asked.headers['x-amz-security-token'] === 'second') {
        fine(asked, response, request);
        return;
      }
      void writeProfile('second').then(() => refuse(403, 'ExpiredTokenException')(asked, response, request));
    };
    const vault = vaultOf('cold');
    await vault.probe();
    vault.close();
    expect(service.asked).toHaveLength(2);
  });

  it('that stay expired are denied after that one try', async () => {
    await writeProfile('first');
    service.answer = refuse(403, 'ExpiredTokenException');
    const vault = vaultOf('cold');
    const failure = await expectKind(vault.probe(), 'denied');
    vault.close();
    expect(failure.advice).toContain('aws sso login');
    expect(service.asked).toHaveLength(2);
  });

  it('that cannot be found are denied without a request, with what to do', async () => {
    const vault = vaultOf('unheard-of');
    const failure = await expectKind(vault.probe(), 'denied');
    vault.close();
    expect(failure.advice).toContain('aws sso login');
    expect(service.asked).toHaveLength(0);
  });
});

describe('time limits', () => {
  it('end a call to a service that says nothing', async () => {
    service.answer = () => undefined;
    const started = Date.now();
    await expectKind(service.vault({ idleMs: 300 }).probe(), 'offline');
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('end a download that stops in the middle', async () => {
    service.answer = (_asked, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-999/1000', 'content-length': '1000' });
      response.write(randomBytes(500));
    };
    await expectKind(service.vault({ idleMs: 300 }).readRetrieved('j' as never, 0, 1000), 'offline');
  });

  it('let an upload finish that is slow but moves', async () => {
    // Large and long enough that what the system's own buffers swallow at once does not decide it.
    const bytes = Buffer.alloc(48 * MIB, 'slow');
    const slow = await startSlowReader(bytes.length, treeHash(bytes).toString('hex'));
    const vault = service.vault({ endpoint: slow.url, idleMs: 2500 });
    const started = Date.now();
    await vault.sendPart('u' as UploadId, partOf(bytes, 0));
    expect(Date.now() - started).toBeGreaterThan(3500);
    await slow.close();
  });

  it('end nothing that was aborted in any other way than with the caller’s reason', async () => {
    service.answer = () => undefined;
    const controller = new AbortController();
    const probing = service.vault().probe(controller.signal);
    setTimeout(() => controller.abort(new Error('quit')), 50);
    await expect(probing).rejects.toThrow('quit');
  });
});

describe('a proxy', () => {
  it('of HTTPS_PROXY is asked for the region’s service, and named when it refuses', async () => {
    const asked: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        asked.push(bytes.toString().split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const vault = openVault({
      ...{ vault: 'photos', region: 'eu-central-1', credentials: keys },
      proxyEnv: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    });
    const failure = await expectKind(vault.probe(), 'offline');
    vault.close();
    proxy.close();
    expect(asked).toEqual(['CONNECT glacier.eu-central-1.amazonaws.com:443 HTTP/1.1']);
    expect(failure.message).toContain('proxy');
  });

  it('is not asked for a service on this computer', async () => {
    service.answer = fine;
    await service.vault({ proxyEnv: { HTTP_PROXY: 'http://127.0.0.1:9' } }).probe();
    expect(service.asked).toHaveLength(1);
  });
});

it('keeps connections between requests', async () => {
  const ports = new Set<number | undefined>();
  service.answer = (asked, response, request) => {
    ports.add(request.socket.remotePort);
    fine(asked, response, request);
  };
  const vault = service.vault();
  for (let i = 0; i < 5; i++) await vault.probe();
  expect(ports.size).toBe(1);
});

/** Reads a body at about 10 MB/s, then says that it is stored. */
async function startSlowReader(bodyBytes: number, hash: string) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const started = Date.now();
    let read = 0;
    let head = -1;
    socket.on('data', (piece) => {
      if (head < 0) head = piece.indexOf('\r\n\r\n') + 4;
      read += piece.length;
      if (read >= head + bodyBytes) {
        socket.end(`HTTP/1.1 204 No Content\r\nx-amz-sha256-tree-hash: ${hash}\r\nconnection: close\r\n\r\n`);
        return;
      }
      socket.pause();
      setTimeout(() => socket.resume(), Math.max(1, started + read / 10_000 - Date.now()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
