/**
 * Random numbers for corpora: the same for the same seed and label, on every machine. xoshiro128**, which is fast and
 * even enough for test data and good for nothing secret. A label of its own for each file or package keeps what one of
 * them holds from depending on what was made before it.
 */

export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** From 0 up to, not including, 1. */
  unit(): number;
  pick<T>(things: readonly T[]): T;
  /** Early ones far more often than late ones, as words are in a text. */
  pickSkewed<T>(things: readonly T[]): T;
  /** Overwrites all of `bytes` with what no codec shrinks. */
  fill(bytes: Uint8Array): void;
}

export function randomOf(seed: number, label: string): Random {
  let [a, b, c, d] = stateOf(seed, label);

  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
  const unit = (): number => next() / 2 ** 32;
  const below = (limit: number): number => Math.floor(unit() * limit);
  return {
    below,
    unit,
    pick: (things) => at(things, below(things.length)),
    pickSkewed: (things) => at(things, Math.floor(unit() ** 3 * things.length)),
    fill: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const whole = bytes.length - (bytes.length % 4);
      for (let i = 0; i < whole; i += 4) view.setUint32(i, next(), true);
      for (let i = whole; i < bytes.length; i++) bytes[i] = next();
    },
  };
}

/** Four words of which not all are zero, from the label's letters and the seed. */
function stateOf(seed: number, label: string): [number, number, number, number] {
  let word = seed | 0;
  for (const letter of label) word = mix(word ^ (letter.codePointAt(0) ?? 0));
  const words = [1, 2, 3, 4].map((n) => mix(word + Math.imul(n, 0x9e3779b9)));
  return [at(words, 0), at(words, 1), at(words, 2), at(words, 3) | 1];
}

/** Every bit of the result depends on every bit of `word`: the end of MurmurHash3. */
function mix(word: number): number {
  let w = word;
  w = Math.imul(w ^ (w >>> 16), 0x85ebca6b);
  w = Math.imul(w ^ (w >>> 13), 0xc2b2ae35);
  return w ^ (w >>> 16);
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function at<T>(things: readonly T[], index: number): T {
  const thing = things[index];
  if (thing === undefined) throw new RangeError(`nothing at ${index} of ${things.length}`);
  return thing;
}
