import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { electronProgram } from '../../../src/main/desktop/start.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'permafrost-start-'))));
afterEach(() => rmSync(root, { recursive: true }));

describe('Electron’s program', () => {
  it('is missing where the package is, but was not fetched', () => {
    expect(electronProgram(root)).toBeUndefined();
    mkdirSync(join(root, 'node_modules/electron'), { recursive: true });
    writeFileSync(join(root, 'node_modules/electron/path.txt'), 'electron');
    expect(electronProgram(root)).toBeUndefined();
  });

  it('is where the package says', () => {
    mkdirSync(join(root, 'node_modules/electron/dist'), { recursive: true });
    writeFileSync(join(root, 'node_modules/electron/path.txt'), 'electron\n');
    writeFileSync(join(root, 'node_modules/electron/dist/electron'), '');
    expect(electronProgram(root)).toBe(join(root, 'node_modules/electron/dist/electron'));
  });
});
