/**
 * The figures that every release reports: runs the tests that count something, measures what one core does, and prints
 * the page.
 *
 *   npm run figures                 prints it, and fails if a test does or a count is worse than in docs/figures.md
 *   npm run figures -- --write      writes docs/figures.md besides
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countDependencies } from './dependencies.ts';
import { type Figures, gather, pageOf, readPage, worsened } from './page.ts';
import { measureSpeeds } from './speeds.ts';

const root = join(import.meta.dirname, '../..');
const PAGE = join(root, 'docs/figures.md');
/** Where tests count something for the page. */
const TESTS = ['test/main/engine/crash', 'test/main/engine/powerLoss', 'test/main/engine/fuzz'];
const QUICK_TESTS = ['test/main/engine/secrets.test.ts'];

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
process.exitCode = main(values.write);

function main(write: boolean): number {
  const before = existsSync(PAGE) ? readPage(readFileSync(PAGE, 'utf8')) : new Map<string, number>();
  const tests = countInTests();
  const figures = new Map([...tests.figures, ...measureSpeeds(), ...countDependencies()]);
  const page = pageOf(figures, measuredOn());
  console.log(page);
  const worse = worsened(figures, before);
  for (const line of worse) console.error(`Worse than in docs/figures.md: ${line}`);
  if (!tests.passed) console.error('A test failed: see above.');
  if (!tests.passed) return 1;
  if (write) writeFileSync(PAGE, page);
  return worse.length > 0 && !write ? 1 : 0;
}

function countInTests(): { readonly figures: Figures; readonly passed: boolean } {
  const dir = mkdtempSync(join(tmpdir(), 'permafrost-figures-'));
  const file = join(dir, 'lines');
  try {
    writeFileSync(file, '');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...TESTS, ...QUICK_TESTS], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, PERMAFROST_FIGURES: file },
    });
    return { figures: gather(readFileSync(file, 'utf8')), passed: status === 0 };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function measuredOn(): string {
  const [cpu, ...more] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const day = new Date().toISOString().slice(0, 10);
  return (
    `Measured on ${day}: ${more.length + 1} cores (${cpu?.model ?? 'unknown processor'}), ${gib} GiB, ` +
    `${process.platform} ${process.arch}, Node ${process.versions.node}.`
  );
}
