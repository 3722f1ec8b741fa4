import { join } from 'node:path';
import { expect } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';

/** What was restored to `out` is the source as it was, told by code that shares nothing with the engine. */
export async function expectTree(source: string, out: string): Promise<void> {
  const { differences, files } = await compareTrees(source, join(out, 'source'));
  expect(differences.map(({ path, what }) => `${path} ${what}`).join('; ')).toBe('');
  expect(files).toBeGreaterThan(10);
}
