/**
 * The cyclic redundancy checks S3 knows, by table (eight bytes a step), and their sum over parts.
 *
 * All three are of the reflected kind that starts and ends with all bits turned. A check of 64 bits is worked on as
 * two halves of 32, which is what JavaScript is fast at. Checks of pieces can be summed without reading the pieces
 * again: appending n bytes multiplies the check so far by x^8n modulo the polynomial.
 */
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';

export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

const isLittleEndian = endianness() === 'LE';

interface Crc {
  update(bytes: Buffer): void;
  /** Big-endian. */
  digest(): Buffer;
}

const polynomials = {
  CRC32: { bits: 32n, reflected: 0xedb88320n },
  CRC32C: { bits: 32n, reflected: 0x82f63b78n },
  CRC64NVME: { bits: 64n, reflected: 0x9a6c9329ac4bc9b5n },
} as const;

export function newCrc(algorithm: CrcAlgorithm): Crc {
  switch (algorithm) {
    case 'CRC32':
      return newCrc32();
    case 'CRC32C':
      return newCrc32c();
    case 'CRC64NVME':
      return newCrc64();
  }
}

function newCrc32(): Crc {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => bigEndian(value),
  };
}

function newCrc32c(): Crc {
  const { low: table } = tables('CRC32C');
  let value = -1;
  return {
    update: (bytes) => {
      const { head, tail, words } = split(bytes);
      let crc = value;
      for (const byte of head) crc = (crc >>> 8) ^ entry(table, 0, crc ^ byte);
      for (let at = 0; at < words.length; at += 2) {
        const a = crc ^ (words[at] ?? 0);
        const b = words[at + 1] ?? 0;
        crc =
          entry(table, 7, a) ^
          entry(table, 6, a >>> 8) ^
          entry(table, 5, a >>> 16) ^
          entry(table, 4, a >>> 24) ^
          entry(table, 3, b) ^
          entry(table, 2, b >>> 8) ^
          entry(table, 1, b >>> 16) ^
          entry(table, 0, b >>> 24);
      }
      for (const byte of tail) crc = (crc >>> 8) ^ entry(table, 0, crc ^ byte);
      value = crc;
    },
    digest: () => bigEndian(~value),
  };
}

function newCrc64(): Crc {
  const { low: lows, high: highs } = tables('CRC64NVME');
  let low = -1;
  let high = -1;
  return {
    update: (bytes) => {
      const { head, tail, words } = split(bytes);
      let l = low;
      let h = high;
      const single = (byte: number): void => {
        const at = l ^ byte;
        l = ((l >>> 8) | (h << 24)) ^ entry(lows, 0, at);
        h = (h >>> 8) ^ entry(highs, 0, at);
      };
      head.forEach(single);
      for (let at = 0; at < words.length; at += 2) {
        const a = l ^ (words[at] ?? 0);
        const b = h ^ (words[at + 1] ?? 0);
        const a1 = a >>> 8;
        const a2 = a >>> 16;
        const a3 = a >>> 24;
        const b1 = b >>> 8;
        const b2 = b >>> 16;
        const b3 = b >>> 24;
        l =
          entry(lows, 7, a) ^
          entry(lows, 6, a1) ^
          entry(lows, 5, a2) ^
          entry(lows, 4, a3) ^
          entry(lows, 3, b) ^
          entry(lows, 2, b1) ^
          entry(lows, 1, b2) ^
          entry(lows, 0, b3);
        h =
          entry(highs, 7, a) ^
          entry(highs, 6, a1) ^
          entry(highs, 5, a2) ^
          entry(highs, 4, a3) ^
          entry(highs, 3, b) ^
          entry(highs, 2, b1) ^
          entry(highs, 1, b2) ^
          entry(highs, 0, b3);
      }
      tail.forEach(single);
      low = l;
      high = h;
    },
    digest: () => bigEndian(~high, ~low),
  };
}

/** The middle of the bytes as pairs of words, which are read four bytes at a time, and what is before and behind. */
function split(bytes: Buffer): { head: Uint8Array; words: Int32Array; tail: Uint8Array } {
  const before = Math.min(-bytes.byteOffset & 3, bytes.length);
  const pairs = isLittleEndian ? (bytes.length - before) >>> 3 : 0;
  return {
    head: bytes.subarray(0, before),
    words: new Int32Array(bytes.buffer, pairs === 0 ? 0 : bytes.byteOffset + before, 2 * pairs),
    tail: bytes.subarray(before + 8 * pairs),
  };
}

/** In table `k` of eight: what a byte becomes after `k` bytes of zero. */
function entry(table: Int32Array, k: number, byte: number): number {
  return table[(k << 8) | (byte & 0xff)] ?? 0;
}

function bigEndian(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value | 0, 4 * i);
  return bytes;
}

interface Tables {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

const made = new Map<CrcAlgorithm, Tables>();

function tables(algorithm: CrcAlgorithm): Tables {
  const known = made.get(algorithm);
  if (known !== undefined) return known;
  const { reflected } = polynomials[algorithm];
  const all = { low: new Int32Array(8 * 256), high: new Int32Array(8 * 256) };
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = BigInt(byte);
    for (let k = 0; k < 8; k += 1) {
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ reflected : crc >> 1n;
      all.low[(k << 8) | byte] = Number(BigInt.asIntN(32, crc));
      all.high[(k << 8) | byte] = Number(BigInt.asIntN(32, crc >> 32n));
    }
  }
  made.set(algorithm, all);
  return all;
}

/** The check of pieces one after another, from the check and the length of each. */
export function combineCrcs(
  algorithm: CrcAlgorithm,
  pieces: readonly { readonly digest: Buffer; readonly bytes: number }[],
): Buffer {
  const { bits, reflected } = polynomials[algorithm];
  const shifts = new Map<number, bigint>();
  let sum = 0n;
  for (const { digest, bytes } of pieces) {
    const shift = shifts.get(bytes) ?? power(bytes * 8, bits, reflected);
    shifts.set(bytes, shift);
    sum = multiply(shift, sum, bits, reflected) ^ BigInt(`0x${digest.toString('hex')}`);
  }
  return Buffer.from(sum.toString(16).padStart(Number(bits) / 4, '0'), 'hex');
}

/** x to the `exponent` modulo the polynomial. */
function power(exponent: number, bits: bigint, reflected: bigint): bigint {
  let result = 1n << (bits - 1n);
  let square = 1n << (bits - 2n);
  for (let rest = BigInt(exponent); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square, bits, reflected);
    square = multiply(square, square, bits, reflected);
  }
  return result;
}

/** Product modulo the polynomial; the highest bit is the lowest power, as is the way of reflected checks. */
function multiply(a: bigint, b: bigint, bits: bigint, reflected: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = bits - 1n; bit >= 0n; bit -= 1n) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ reflected : shifted >> 1n;
  }
  return product;
}
