/**
 * Keeps the memory of a thread flat that works through large buffers.
 *
 * Ciphers and zlib give each result in a new buffer, outside of V8's heap, and V8 lets some 70 MiB of them die in each
 * thread before it looks for them. A thread that asks for it here has them collected more often. Nearly always the
 * small collection does it, in a millisecond or two; but zlib's own objects, each with the last piece of its output,
 * survive that, so now and then it takes a full one.
 *
 * Node has the collection only behind a flag. Where that cannot be set, nothing happens but what V8 does anyway.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' | 'major' }) => void;

/** Every so many collections a full one. */
const FULL_EVERY = 16;

let collect: Collect | null = null;
let limit = Infinity;
let dead = 0;
let collections = 0;

/** From now on this thread collects after every `bytes` of buffers that were noted. */
export function collectEvery(bytes: number): void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : null');
  setFlagsFromString('--no-expose-gc');
  collect = typeof found === 'function' ? (found as Collect) : null;
  limit = bytes;
}

/** Call where a large buffer was made that will soon be of no more use. */
export function noteGarbage(bytes: number): void {
  dead += bytes;
  if (dead < limit) return;
  dead = 0;
  collections++;
  collect?.({ type: collections % FULL_EVERY === 0 ? 'major' : 'minor' });
}
