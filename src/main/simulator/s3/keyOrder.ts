/** Order of keys: by their UTF-8 bytes, which is by code points and not by the UTF-16 units of JavaScript's `<`. */

/** Negative if `a` comes first. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Halves of characters beyond the basic plane come after everything in it. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Place of the first key that is not before `wanted`, in keys in order. */
export function lowerBound(keys: readonly string[], wanted: string): number {
  return firstPlace(keys, (key) => compareKeys(key, wanted) >= 0);
}

/** Place of the first key after `from` that does not begin with `prefix`; the one at `from` does. */
export function afterPrefix(keys: readonly string[], prefix: string, from: number): number {
  return firstPlace(keys, (key) => !key.startsWith(prefix), from);
}

/** Place of the first key that `passes`, where all keys after one that passes do too. */
function firstPlace(keys: readonly string[], passes: (key: string) => boolean, from = 0): number {
  let low = from;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(keys[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
