/** Damages bytes and JSON by chance: little and much, anywhere and where it hurts. */
import { below, type Random } from '../crash/randomTree.ts';

/** Bytes and numbers at which readers go wrong, if they do. */
const edgeBytes = [0x00, 0x01, 0x0a, 0x20, 0x22, 0x2c, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0xff];
const edgeNumbers = [0, 1, 2, 63, 64, 255, 4096, 65_535, 1_048_576, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const edgeValues: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    0.5,
    2 ** 31,
    2 ** 53,
    1e308,
    '',
    '0',
    ' ',
    '\0',
    '..',
    '/',
    'é',
    '\ud800',
  ],
  ...[
    'constructor',
    '__proto__',
    '9'.repeat(400),
    'x'.repeat(5000),
    '[]',
    '2026-01-01T00:00:00Z',
    '-1',
    '1e9',
  ],
  ...[[], {}, [[]], [null], { length: 1 }, [1, 2, 3], { toString: 'no' }, ['a'.repeat(64)]],
];

export function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[below(random, from.length)];
  if (chosen === undefined && from.length === 0) throw new RangeError('nothing to pick from');
  return chosen as T;
}

/** Changes a few bytes and keeps the length; at least one differs, unless there are none. */
export function overwritten(random: Random, bytes: Buffer): Buffer {
  const result = Buffer.from(bytes);
  if (result.length === 0) return result;
  do {
    const at = below(random, result.length);
    const dice = random();
    if (dice < 0.4) result[at] = (result[at] ?? 0) ^ (1 << below(random, 8));
    else if (dice < 0.6) result[at] = pick(random, edgeBytes);
    else if (dice < 0.8 && at + 4 <= result.length) result.writeUInt32LE(pick(random, edgeNumbers), at);
    else if (dice < 0.9) result.copyWithin(at, below(random, result.length), result.length);
    else result.fill(pick(random, edgeBytes), at, Math.min(result.length, at + 1 + below(random, 32)));
  } while (random() < 0.4 || result.equals(bytes));
  return result;
}

/** Also cuts, repeats, moves and adds bytes. */
export function mutated(random: Random, bytes: Buffer): Buffer {
  let result = random() < 0.7 ? overwritten(random, bytes) : bytes;
  while (random() < 0.4) {
    const at = below(random, result.length + 1);
    const end = at + below(random, Math.min(64, result.length - at) + 1);
    const dice = random();
    if (dice < 0.3) result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
    else if (dice < 0.5) result = result.subarray(0, at);
    else if (dice < 0.8) result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
    else if (dice < 0.9) result = Buffer.concat([result, Buffer.from([pick(random, edgeBytes)])]);
    else result = repeated(result, at, end, 1 + below(random, 2000));
  }
  return result;
}

function repeated(bytes: Buffer, at: number, end: number, times: number): Buffer {
  const piece = bytes.subarray(at, end);
  return Buffer.concat([bytes.subarray(0, end), ...Array<Buffer>(times).fill(piece), bytes.subarray(end)]);
}

/** Replaces, takes away, adds or swaps members somewhere in plain data; the original is not touched. */
export function mutatedJson(random: Random, value: unknown): unknown {
  const changed = changedOnce(random, value);
  return random() < 0.3 ? mutatedJson(random, changed) : changed;
}

function changedOnce(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return otherValue(random, value);
  const keys = Object.keys(value);
  const dice = random();
  if (dice < 0.08 || keys.length === 0) return pick(random, edgeValues);
  const key = pick(random, keys);
  if (Array.isArray(value)) {
    const copy: unknown[] = value.slice();
    const at = Number(key);
    if (dice < 0.2) copy.splice(at, 1);
    else if (dice < 0.3) copy.splice(at, 0, copy[at]);
    else copy[at] = changedOnce(random, copy[at]);
    return copy;
  }
  const members = { ...value } as Record<string, unknown>;
  if (dice < 0.2) return Object.fromEntries(Object.entries(members).filter(([name]) => name !== key));
  if (dice < 0.25)
    return { ...members, [pick(random, ['more', '__proto__', 'toString', ''])]: pick(random, edgeValues) };
  if (dice < 0.35) return { ...members, [key]: members[pick(random, keys)] };
  return { ...members, [key]: changedOnce(random, members[key]) };
}

function otherValue(random: Random, value: unknown): unknown {
  if (typeof value === 'string' && random() < 0.5) return mutated(random, Buffer.from(value)).toString();
  if (typeof value === 'number' && random() < 0.5) return value + pick(random, [1, -1, 0.5, 1e6, -1e6]);
  return pick(random, edgeValues);
}
