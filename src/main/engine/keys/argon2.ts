/**
 * Argon2id off the engine's thread: it takes about a second and 192 MiB.
 *
 * Node has its own (OpenSSL's, in libuv's pool), a third faster than the WebAssembly build. Electron's BoringSSL has
 * none: there WebAssembly runs in a thread of its own, so that its memory goes with the thread instead of waiting for a
 * garbage collection in an engine that runs for weeks.
 */
import { Worker } from 'node:worker_threads';
import { type Argon2Input, opensslArgon2id } from '../crypto.ts';

/** Version 0x13. Rejects only for a lack of memory or a bug. */
export function argon2id(input: Argon2Input): Promise<Buffer> {
  return opensslArgon2id === undefined ? wasmArgon2id(input) : opensslArgon2id(input);
}

/** The same by WebAssembly. */
export function wasmArgon2id(input: Argon2Input): Promise<Buffer> {
  const script = import.meta.url.endsWith('.ts') ? './argon2Worker.ts' : './argon2Worker.js';
  const worker = new Worker(new URL(script, import.meta.url), { workerData: input });
  return new Promise<Buffer>((resolve, reject) => {
    worker.once('message', (key: Uint8Array) => resolve(Buffer.from(key)));
    worker.once('error', reject);
    worker.once('exit', () => reject(new RangeError('the thread that derives keys ended without a result')));
  }).finally(() => worker.terminate());
}
