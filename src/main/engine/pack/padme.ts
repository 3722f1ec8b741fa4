/**
 * How many segments a pack gets that is not full: the number is rounded up so that few different sizes exist and a
 * size tells little about what is in it (docs/format.md §4.5). Costs at most an eighth, for long packs far less.
 */
export function padmeSegments(needed: number): number {
  if (!Number.isInteger(needed) || needed < 1) throw new RangeError(`${needed} is no number of segments`);
  if (needed === 1) return 1;
  const exponent = 31 - Math.clz32(needed);
  const keptBits = 32 - Math.clz32(exponent);
  const step = 2 ** (exponent - keptBits);
  return step <= 1 ? needed : Math.ceil(needed / step) * step;
}
