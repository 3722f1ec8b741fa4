/** What version 1 stored is brought back by whatever version this is. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  goldenTargetCode,
  goldenTargetPassphrase,
  layFirst,
  laySecond,
} from '../../../golden/v1/goldenTree.ts';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { NewComputer } from './recoverScene.ts';

const golden = fileURLToPath(new URL('../../../golden/v1/target', import.meta.url));

let dir = '';
let computer: NewComputer;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-golden-'));
  cpSync(golden, join(dir, 'target'), { recursive: true });
  computer = new NewComputer(dir);
});
afterEach(async () => {
  await computer.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('the golden target of format 1', () => {
  it.each([
    ['passphrase', goldenTargetPassphrase],
    ['recovery code', goldenTargetCode],
  ])('gives both snapshots back for the %s', async (_what, secret) => {
    await computer.open();
    const target = { name: 'golden', settings: { kind: 'folder', path: join(dir, 'target') } } as const;
    expect(await computer.recover(target, secret)).toMatchObject({
      outcome: 'done',
      result: { snapshots: 2 },
    });
    const snapshots = await computer.ask('snapshots:list', {});
    for (const [i, lay] of [layFirst, laySecond].entries()) {
      const expected = join(dir, `expected ${i}`);
      mkdirSync(expected);
      lay(expected);
      const to = join(dir, `restored ${i}`);
      const snapshot = snapshots.toSorted((a, b) => a.startedAt - b.startedAt)[i]?.id ?? '';
      expect(await computer.restore({ snapshot, to })).toMatchObject({ state: 'done' });
      const { differences } = await compareTrees(expected, join(to, 'golden source'));
      expect(differences).toEqual([]);
    }
    expect(await computer.ask('plans:list', {})).toMatchObject([{ excludes: ['*.tmp'] }]);
    expect(readdirSync(join(dir, 'target', 'archives'))).toEqual(readdirSync(join(golden, 'archives')));
  });
});
