import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { checkCatalog, openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { readSetting } from '../../../../src/main/engine/catalog/settings.ts';
import { temporaryFolder } from './temporary.ts';

const child = fileURLToPath(new URL('./killChild.ts', import.meta.url));

/** Lets the child write and kills it `delayMs` after its n-th line; resolves to the last transaction it reported. */
async function killedAfter(file: string, lines: number, delayMs: number): Promise<number> {
  const writer = spawn(process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void writer.kill('SIGKILL'));
  const exited = once(writer, 'exit');
  let seen = 0;
  let committed = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    if (line !== 'inside') committed = Number(line);
    if (++seen === lines) setTimeout(() => writer.kill('SIGKILL'), delayMs);
  }
  await exited;
  return committed;
}

test.each([
  [1, 0],
  [3, 1],
  [6, 4],
  [9, 9],
])('a kill %i lines and %i ms into writing leaves whole transactions only', async (lines, delayMs) => {
  const file = join(temporaryFolder(), 'catalog.db');
  const reported = await killedAfter(file, lines, delayMs);
  const catalog = await openCatalog(file);
  await checkCatalog(catalog, file);
  const written = Number((await readSetting(catalog, 'written')) ?? 0);
  // What was reported is kept; of what was under way, all or nothing.
  expect([reported, reported + 1]).toContain(written);
  const count = await catalog.row('select count(*) filter (where kind = 1) files, count(*) n from entries');
  expect(count).toEqual({ files: written * 500, n: written * 501 });
  await catalog.close();
});
