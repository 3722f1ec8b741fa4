import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { previewRules } from '../../../../src/main/engine/scan/previewRules.ts';
import { findRoot } from '../../../../src/main/engine/scan/root.ts';
import { parseRules } from '../../../../src/main/engine/scan/rules.ts';
import { walk } from '../../../../src/main/engine/scan/walk.ts';
import { tempFolder } from '../pack/samplePack.ts';

it('counts what each rule leaves out, and what stays is what a walk with these rules finds', async () => {
  const dir = tempFolder();
  const put = (path: string, bytes: number): void => {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), Buffer.alloc(bytes));
  };
  put('keep.txt', 10);
  put('a/keep.tmp.txt', 20);
  put('a/one.tmp', 100);
  put('a/b/two.tmp', 200);
  put('node_modules/x/deep/file', 1000);
  put('node_modules/x/one.tmp', 2000);
  put('cache/blob', 5000);
  put('movies/big', 3_000_000);
  writeFileSync(join(dir, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n');
  const rules = ['*.tmp', 'node_modules/', '@caches', '@larger 1MB'];
  const root = findRoot(Buffer.from(dir));
  const preview = await previewRules([root], rules, 60_000);
  expect(preview.rules.map(({ rule, files, bytes }) => [rule, files, bytes])).toEqual([
    ['*.tmp', 2, 300],
    ['node_modules/', 2, 3000],
    ['@caches', 1, 5000],
    ['@larger 1MB', 1, 3_000_000],
  ]);
  expect(preview.rules[0]?.examples).toHaveLength(2);

  let files = 0;
  let bytes = 0;
  for await (const { entries } of walk(root, { rules: parseRules(rules) })) {
    for (const entry of entries) {
      if (entry.kind === 'folder') continue;
      files++;
      bytes += entry.kind === 'file' ? entry.size : 0;
    }
  }
  expect(preview).toMatchObject({ files, bytes, isPartial: false });
  expect(await previewRules([root], rules, 0)).toMatchObject({ isPartial: true });
});
