import {
  chmodSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureTree } from '../../../../src/main/cli/demo/measure.ts';
import { removeTree } from '../../../../src/main/cli/demo/removeTree.ts';
import { makeSample } from '../../../../src/main/cli/demo/sample.ts';
import { checkSpace, spaceNeeded } from '../../../../src/main/cli/demo/space.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;

describe('the sample', () => {
  it('has documents, links, a file with holes, and names that are no text', async () => {
    const root = join(folder, 'sample');
    makeSample(root);
    const size = await measureTree(root, never, () => undefined);
    expect(size.files).toBeGreaterThan(400);
    expect(size.bytes).toBeLessThan(60e6);
    const sparse = lstatSync(join(root, 'oddities', 'disk image with holes'));
    expect(sparse.blocks * 512).toBeLessThan(sparse.size / 2);
    const names = readdirSync(join(root, 'oddities'), { encoding: 'buffer' });
    expect(names.some((name) => name.includes(0xff))).toBe(true);
    await removeTree(folder);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('measureTree', () => {
  it('counts what is on disk and follows no links', async () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'a', 'file'), Buffer.alloc(100_000, 1));
    ftruncateSync(openSync(join(folder, 'a', 'b', 'holes'), 'w'), 10e6);
    symlinkSync('/', join(folder, 'a', 'everything'));
    const size = await measureTree(folder, never, () => undefined);
    expect(size).toMatchObject({ files: 2, folders: 3 });
    expect(size.bytes).toBeGreaterThanOrEqual(100_000);
    expect(size.bytes).toBeLessThan(200_000);
  });

  it('goes on past what it may not look at', async () => {
    const size = await measureTree(join(folder, 'missing'), never, () => undefined);
    expect(size).toEqual({ files: 0, folders: 1, bytes: 0 });
  });
});

describe('removeTree', () => {
  it('removes folders without rights, and links without what they point to', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    const root = join(folder, 'root');
    mkdirSync(join(root, 'closed', 'inner'), { recursive: true });
    writeFileSync(join(root, 'closed', 'inner', 'file'), '');
    symlinkSync(outside, join(root, 'closed', 'link'));
    chmodSync(join(root, 'closed', 'inner'), 0o500);
    chmodSync(join(root, 'closed'), 0);
    await removeTree(root);
    expect(readdirSync(folder)).toEqual(['outside']);
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  it('removes a tree deeper than any path can say', async () => {
    const root = join(folder, 'root');
    let inner = join(folder, 'inner');
    // Built from the inside out, because no path reaches the bottom afterwards.
    mkdirSync(inner);
    writeFileSync(join(inner, 'bottom'), '');
    for (let level = 0; level < 60; level++) {
      const around = join(folder, `around ${level}`);
      mkdirSync(around);
      renameSync(inner, join(around, 'd'.repeat(120)));
      inner = around;
    }
    renameSync(inner, root);
    await removeTree(root);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is content when there is nothing', async () => {
    await removeTree(join(folder, 'missing'));
  });
});

describe('space for the demo', () => {
  it('grows with the source and is at least twice its size', () => {
    expect(spaceNeeded(0)).toBe(0);
    expect(spaceNeeded(1e9)).toBeGreaterThan(2e9);
    expect(spaceNeeded(1e12)).toBeLessThan(2.2e12);
  });

  it('is refused in words when there is too little', async () => {
    await expect(checkSpace(1e18, folder)).rejects.toThrow(/needs about .* PB/);
    await checkSpace(1000, folder);
  });
});
