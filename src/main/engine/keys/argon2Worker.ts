/** See argon2.ts. One derivation, then it is ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { argon2id } from 'hash-wasm';
import type { Argon2Input } from '../crypto.ts';

const { password, salt, memoryKiB, passes, lanes, length } = workerData as Argon2Input;
const key = await argon2id({
  password,
  salt,
  memorySize: memoryKiB,
  iterations: passes,
  parallelism: lanes,
  hashLength: length,
  outputType: 'binary',
});
parentPort?.postMessage(key);
