/** Measured on real processes; bounds are wide, because only a wrong unit or a wrong process is to be found out. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measure, type Command } from '../../bench/measure.ts';
import { childCpuSeconds, parseChildCpu, parsePeak } from '../../bench/processes.ts';

const MIB = 2 ** 20;
const never = new AbortController().signal;
const toldBySystem = process.platform === 'linux';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-measure-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function node(script: string): Command {
  return { argv: [process.execPath, '--eval', script], cwd: folder, env: {} };
}

/** Holds memory from the moment the file `held` is there until the file `enough` is. */
const hold200MiB = `
  const { existsSync, writeFileSync } = require('node:fs');
  const memory = Buffer.alloc(200 * 2 ** 20, 1);
  writeFileSync('held', '');
  setInterval(() => existsSync('enough') && process.exit(memory.length > 0 ? 0 : 1), 5);`;
const burnASecond = `
  const start = process.cpuUsage();
  for (let used = 0; used < 1e6; ) {
    for (let i = 0; i < 1e6; i++) used += i;
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }`;

/** Resolves after the measuring timer, which runs in this thread too, has come several times since `path` is there. */
async function seenHolding(path: string): Promise<void> {
  while (!existsSync(path)) await setTimeout(10);
  for (let i = 0; i < 5; i++) await setTimeout(30);
}

describe('measure', () => {
  it('gives what the command wrote, or puts it into a file', async () => {
    expect(await measure(node('console.log("so")'), never)).toMatchObject({ output: 'so\n' });
    const outputFile = join(folder, 'said');
    expect(await measure({ ...node('console.log("so")'), outputFile }, never)).toMatchObject({ output: '' });
    expect(readFileSync(outputFile, 'utf8')).toBe('so\n');
  });

  it.each([
    ['the process itself', hold200MiB],
    [
      'one below it',
      `require('node:child_process').execFileSync(process.execPath, ['--eval', ${JSON.stringify(hold200MiB)}])`,
    ],
  ])('finds memory in %s', async (_where, script) => {
    for (const name of ['held', 'enough']) rmSync(join(folder, name), { force: true });
    const measured = measure(node(script), never);
    await seenHolding(join(folder, 'held'));
    writeFileSync(join(folder, 'enough'), '');
    const { peakBytes } = await measured;
    if (toldBySystem) {
      expect(peakBytes).toBeGreaterThan(200 * MIB);
      expect(peakBytes).toBeLessThan(500 * MIB);
    } else expect(peakBytes).toBeNull();
  });

  it('counts CPU time in seconds, and to each command its own', async () => {
    const before = childCpuSeconds();
    const busy = await measure(node(burnASecond), never);
    const idle = await measure(node(''), never);
    const after = childCpuSeconds();
    if (toldBySystem) {
      expect(busy.cpuSeconds).toBeGreaterThan(0.95);
      expect(busy.cpuSeconds).toBeLessThan(busy.seconds * availableParallelism() + 0.1);
      expect((busy.cpuSeconds ?? 0) + (idle.cpuSeconds ?? 0)).toBeCloseTo((after ?? 0) - (before ?? 0));
    } else expect(busy.cpuSeconds).toBeNull();
  });

  it('rejects with what a failing command said, and when it is not there', async () => {
    await expect(measure(node('console.error("no such thing"); process.exit(3)'), never)).rejects.toThrow(
      /ended with 3:\nno such thing/,
    );
    await expect(measure({ ...node(''), argv: ['/no/such/program'] }, never)).rejects.toThrow('ENOENT');
  });

  it('ends the command when it is to stop', async () => {
    const stop = new AbortController();
    const measured = measure(node('setInterval(() => undefined, 1000)'), stop.signal);
    stop.abort();
    await expect(measured).rejects.toThrow('aborted');
  });
});

describe('what /proc tells', () => {
  it('CPU ticks of children, whatever the name of the process is', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 11 12 250 150 17 18';
    for (const name of ['node', 'a b', 'odd) S 9 (name'])
      expect(parseChildCpu(`77 (${name}) ${rest}`)).toBe(4);
  });

  it('the peak in bytes, or nothing for a process that has ended', () => {
    expect(parsePeak('Name:\tnode\nVmPeak:\t  999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n')).toBe(2 * MIB);
    expect(parsePeak('Name:\tnode\nState:\tZ (zombie)\n')).toBeNull();
  });
});
