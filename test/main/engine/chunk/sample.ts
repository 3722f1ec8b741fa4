/** Bytes that look random and are the same each time. */
export function pseudoRandom(length: number, seed: number): Buffer {
  const words = new Int32Array(Math.ceil(length / 4));
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
