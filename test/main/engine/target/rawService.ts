/**
 * A service of a few lines that answers what a test says, byte for byte, and keeps what it was asked. It holds the
 * vault client to facts about the wire that do not depend on our simulator.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openVault, type VaultOptions } from '../../../../src/main/engine/target/vault.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

export interface RawService {
  readonly url: string;
  readonly asked: Asked[];
  /** How everything is answered from now on. */
  answer: Answer;
  /** A vault whose requests come here. */
  vault(options?: Partial<VaultOptions>): ReturnType<typeof openVault>;
  close(): Promise<void>;
}

export const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI-secret-canary' };

export async function startRawService(): Promise<RawService> {
  const asked: Asked[] = [];
  const opened: { close(): void }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(pieces) };
      asked.push(seen);
      service.answer(seen, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: RawService = {
    url: `http://127.0.0.1:${port}`,
    asked,
    answer: (_asked, response) => void response.writeHead(500).end(),
    vault(options = {}) {
      const vault = openVault({
        vault: 'photos',
        region: 'eu-central-1',
        endpoint: service.url,
        credentials: keys,
        ...options,
      });
      opened.push(vault);
      return vault;
    },
    async close() {
      for (const vault of opened) vault.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}

/** An answer with this status, these headers and this body. */
export function always(
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): Answer {
  return (_asked, response) => void response.writeHead(status, headers).end(body);
}

/** An answer in the form of the service's errors. */
export function refuse(status: number, code: string, message = 'Because.', headers = {}): Answer {
  const body = JSON.stringify({ code, message, type: status < 500 ? 'Client' : 'Server' });
  return always(status, { 'content-type': 'application/json', ...headers }, body);
}
