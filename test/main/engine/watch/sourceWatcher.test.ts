/** Real folders and the real watcher. */
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FSWatcher, type watch } from 'chokidar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectEvery } from '../../../../src/main/engine/garbage.ts';
import { SourceWatcher } from '../../../../src/main/engine/watch/sourceWatcher.ts';

let root: string;
let watcher: SourceWatcher;
let hints = 0;
const blind: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'permafrost-watch-'));
  hints = 0;
  blind.length = 0;
});
afterEach(async () => {
  await watcher.close();
  rmSync(root, { recursive: true, force: true });
});

async function watchIt(excludes: readonly string[] = []): Promise<void> {
  watcher = new SourceWatcher({ root, excludes, onHint: () => hints++, onBlind: (why) => blind.push(why) });
  await watcher.refresh();
}

async function hintsAfter(act: () => void): Promise<number> {
  hints = 0;
  act();
  for (let waited = 0; hints === 0 && waited < 2000; waited += 50) await sleep(50);
  return hints;
}

async function nothingAfter(act: () => void): Promise<void> {
  hints = 0;
  act();
  await sleep(500);
  expect(hints).toBe(0);
}

describe('watching a source', () => {
  it('hears of files that are written, made, moved and deleted, however deep', async () => {
    mkdirSync(join(root, 'a', 'b', 'c'), { recursive: true });
    writeFileSync(join(root, 'a', 'b', 'c', 'file'), 'x');
    await watchIt();
    expect(watcher.folders).toBe(4);
    const deep = join(root, 'a', 'b', 'c');
    expect(await hintsAfter(() => appendFileSync(join(deep, 'file'), 'y'))).toBeGreaterThan(0);
    expect(await hintsAfter(() => writeFileSync(join(deep, 'new'), ''))).toBeGreaterThan(0);
    expect(await hintsAfter(() => renameSync(join(deep, 'new'), join(deep, 'other')))).toBeGreaterThan(0);
    expect(await hintsAfter(() => rmSync(join(deep, 'other')))).toBeGreaterThan(0);
    expect(await hintsAfter(() => rmSync(join(root, 'a'), { recursive: true }))).toBeGreaterThan(0);
    await watcher.refresh();
    expect(watcher.folders).toBe(1);
    expect(blind).toEqual([]);
  });

  it('hears of what happens in folders that have come once they were scanned', async () => {
    await watchIt();
    expect(await hintsAfter(() => mkdirSync(join(root, 'later')))).toBeGreaterThan(0);
    await watcher.refresh();
    expect(await hintsAfter(() => writeFileSync(join(root, 'later', 'file'), ''))).toBeGreaterThan(0);
  });

  it('leaves alone what the rules leave out, and does not follow links', async () => {
    mkdirSync(join(root, 'node_modules', 'x'), { recursive: true });
    await watchIt(['node_modules/']);
    expect(watcher.folders).toBe(1);
    await nothingAfter(() => writeFileSync(join(root, 'node_modules', 'x', 'file'), ''));
  });

  it('at the limit of the system says so, once, and watches nothing half', async () => {
    for (let i = 0; i < 5; i++) mkdirSync(join(root, `${i}`));
    let opened = 0;
    const closed: string[] = [];
    watcher = new SourceWatcher({
      ...{ root, excludes: [], onHint: () => hints++, onBlind: (why: string) => blind.push(why) },
      open: ((folder: string) => {
        const one = new FSWatcher();
        one.close = () => Promise.resolve(void closed.push(folder));
        const isOver = ++opened > 3;
        setImmediate(() =>
          isOver
            ? one.emit('error', Object.assign(new Error('no more watches'), { code: 'ENOSPC' }))
            : one.emit('ready'),
        );
        return one;
      }) as unknown as typeof watch,
    });
    await watcher.refresh();
    expect(blind).toEqual([expect.stringContaining('raise fs.inotify.max_user_watches') as string]);
    expect(watcher).toMatchObject({ isBlind: true, folders: 0 });
    expect(closed).toHaveLength(4);
  });

  it('takes little memory and time for 100,000 files, and lets others run meanwhile', async () => {
    for (let d = 0; d < 100; d++) {
      mkdirSync(join(root, `${d}`, 'x'), { recursive: true });
      for (let i = 0; i < 1000; i++) writeFileSync(join(root, `${d}`, 'x', `${i}`), '');
    }
    collectEvery(16 * 1024 * 1024);
    const before = process.memoryUsage.rss();
    const began = performance.now();
    await watchIt();
    const seconds = (performance.now() - began) / 1000;
    const mib = (process.memoryUsage.rss() - before) / 2 ** 20;
    process.stdout.write(`100,000 files watched in ${seconds.toFixed(1)} s, ${mib.toFixed(0)} MiB more\n`);
    expect(watcher.folders).toBe(201);
    expect(mib).toBeLessThan(150);
    expect(seconds).toBeLessThan(10);
    expect(await hintsAfter(() => appendFileSync(join(root, '42', 'x', '7'), 'y'))).toBeGreaterThan(0);
  });
});
