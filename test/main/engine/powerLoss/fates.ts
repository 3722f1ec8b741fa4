/** What may become of everything that was not durable: the extremes, and mixtures by a seed. */
import type { Change, Fate } from './disk.ts';

export const everything: Fate = { names: (count) => count, changes: (changes) => changes };
const nothing: Fate = { names: () => 0, changes: () => [] };
/** Files are there by name, as empty as when they were made, or as they were when last synced. */
const namesAlone: Fate = { names: (count) => count, changes: () => [] };
const contentAlone: Fate = { names: () => 0, changes: (changes) => changes };

export const fateNames = ['nothing', 'everything', 'names', 'content', 'mixture 1', 'mixture 2'] as const;
export type FateName = (typeof fateNames)[number];

/** @param seed of the mixtures; another number gives others */
export function fateOf(name: FateName, seed: number): Fate {
  switch (name) {
    case 'nothing':
      return nothing;
    case 'everything':
      return everything;
    case 'names':
      return namesAlone;
    case 'content':
      return contentAlone;
    case 'mixture 1':
      return mixture(random(2 * seed));
    case 'mixture 2':
      return mixture(random(2 * seed + 1));
  }
}

const BLOCKS = [512, 4096];

/** Each folder keeps the first few acts on its names; each file everything, nothing, the first few writes or any. */
function mixture(next: () => number): Fate {
  const upTo = (count: number): number => Math.floor(next() * (count + 1));
  return {
    names: upTo,
    changes(changes) {
      if (changes.length === 0) return changes;
      const style = upTo(3);
      if (style === 0) return changes;
      if (style === 1) return [];
      const kept = style === 2 ? changes.slice(0, upTo(changes.length)) : changes.filter(() => next() < 0.5);
      return kept.length === 0 ? kept : [...kept.slice(0, -1), torn(kept.at(-1)!, next)];
    },
  };
}

/** A write of which only the first blocks arrived, as they lie on the disk. */
function torn(change: Change, next: () => number): Change {
  if (change.kind !== 'written') return change;
  const block = BLOCKS[Math.floor(next() * BLOCKS.length)]!;
  const { offset, bytes } = change;
  const firstEdge = Math.ceil(offset / block) * block;
  const edges = Math.max(0, Math.floor((offset + bytes.length - firstEdge) / block) + 1);
  const edge = firstEdge + Math.floor(next() * edges) * block;
  const end = edges === 0 ? 0 : edge - offset;
  return { ...change, bytes: bytes.subarray(0, end) };
}

/** Mulberry32: the same numbers for the same seed, from 0 up to 1. */
export function random(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
