import { describe, expect, it } from 'vitest';
import { isMibAligned, isTreeHashAligned } from '../../../../src/main/engine/upload/alignment.ts';

const MIB = 1024 * 1024;

describe('range alignment', () => {
  it.each([
    [0, 2 * MIB, true, true],
    [1 * MIB, 3 * MIB, true, false],
    [2 * MIB, 4 * MIB, true, true],
    [4 * MIB, 6.5 * MIB, true, true],
    [0, 3 * MIB, true, false],
    [0, 6.5 * MIB, true, true],
    [0, 6.25 * MIB, false, false],
    [1, 2 * MIB, false, false],
    [MIB, MIB, false, false],
    [6 * MIB, 7 * MIB, false, false],
  ])('of bytes %i to %i of 6.5 MiB', (first, end, mib, tree) => {
    expect(isMibAligned({ first, end }, 6.5 * MIB)).toBe(mib);
    expect(isTreeHashAligned({ first, end }, 6.5 * MIB)).toBe(tree);
  });

  it('agrees with the nodes of the tree as it is built, for every range of up to 80 leaves', () => {
    for (let leaves = 1; leaves <= 80; leaves++) {
      const nodes = nodesOfTree(leaves);
      const size = leaves * MIB - 5;
      for (let from = 0; from < leaves; from++) {
        for (let to = from + 1; to <= leaves; to++) {
          const range = { first: from * MIB, end: Math.min(to * MIB, size) };
          if (isTreeHashAligned(range, size) !== nodes.has(`${from}-${to}`)) {
            expect.fail(`leaves ${from} to ${to} of ${leaves}`);
          }
        }
      }
    }
  });
});

/** Builds the tree level by level over leaf intervals and notes every node. */
function nodesOfTree(leaves: number): Set<string> {
  let level = Array.from({ length: leaves }, (_, i) => [i, i + 1] as const);
  const seen = new Set<string>();
  for (;;) {
    for (const [from, to] of level) seen.add(`${from}-${to}`);
    if (level.length === 1) return seen;
    const above: (readonly [number, number])[] = [];
    for (let i = 0; i < level.length; i += 2) above.push([level[i]![0], (level[i + 1] ?? level[i]!)[1]]);
    level = above;
  }
}
