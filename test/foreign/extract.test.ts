/** `tools/permafrost_extract.py`, which knows the format from its page alone, against what the engine stored and restores. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareTrees } from '../../src/main/cli/demo/compareTrees.ts';
import { goldenTargetCode, goldenTargetPassphrase, laySecond } from '../golden/v1/goldenTree.ts';
import { PASSPHRASE, Scene } from '../main/engine/scene.ts';

const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const tool = fileURLToPath(new URL('../../tools/permafrost_extract.py', import.meta.url));
const golden = fileURLToPath(new URL('../golden/v1/target', import.meta.url));

const scene = new Scene();
let kit = '';

beforeAll(async () => {
  fill();
  await scene.setUp();
  await scene.backup();
  writeFileSync(join(scene.source, 'letters', 'a.txt'), 'changed');
  rmSync(join(scene.source, 'letters', 'b.txt'));
  await scene.backup();
  await scene.ask('keys:renew', { current: PASSPHRASE });
  writeFileSync(join(scene.source, 'after'), 'sealed with the second key');
  await scene.backup();
  kit = (await scene.ask('kit:page', {})).text;
  await scene.close();
  writeFileSync(scene.path('passphrase'), `${PASSPHRASE}\n`);
  writeFileSync(scene.path('kit.txt'), kit);
});
afterAll(() => scene.remove());

function fill(): void {
  const at = (...names: string[]): string => join(scene.source, ...names);
  mkdirSync(at('letters', 'deep', 'er'), { recursive: true });
  writeFileSync(at('letters', 'a.txt'), 'first');
  writeFileSync(at('letters', 'b.txt'), 'soon gone');
  writeFileSync(at('letters', 'deep', 'er', 'line\nbreak'), 'a name with a line break');
  writeFileSync(Buffer.concat([Buffer.from(`${scene.source}/`), Buffer.from([0xff, 0xfe])]), 'no UTF-8');
  writeFileSync(at('random'), randomBytes(9_000_000));
  writeFileSync(at('text'), 'compresses well, '.repeat(300_000));
  writeFileSync(at('empty'), '');
  chmodSync(at('empty'), 0o600);
  utimesSync(at('empty'), -1_000_000, -1_000_000.5);
  linkSync(at('text'), at('letters', 'same text'));
  symlinkSync('../nowhere', at('letters', 'dangling'));
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function extract(...args: string[]): Promise<Ended> {
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' };
  try {
    const { stdout, stderr } = await promisify(execFile)(python, [tool, ...args], { env });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}

async function expectSource(to: string): Promise<void> {
  const { differences } = await compareTrees(scene.source, join(to, scene.source));
  expect(differences).toEqual([]);
}

describe('the stand-alone extractor', () => {
  it('brings back what the engine stored, with the passphrase', async () => {
    const to = scene.path('by passphrase');
    const done = await extract(
      scene.path('attic'),
      '--to',
      to,
      '--passphrase-file',
      scene.path('passphrase'),
    );
    expect(done).toMatchObject({ code: 0, stderr: '' });
    await expectSource(to);
  });

  it('brings it back with the saved kit, from archives under any names and without the key slots', async () => {
    const raw = scene.path('downloaded');
    mkdirSync(raw);
    const archives = scene.path('attic', 'archives');
    for (const [i, name] of readdirSync(archives).entries())
      if (!name.startsWith('k1')) copyFileSync(join(archives, name), join(raw, `archive ${i}`));
    const to = scene.path('by kit');
    expect(await extract(raw, '--to', to, '--kit', scene.path('kit.txt'))).toMatchObject({
      code: 0,
      stderr: '',
    });
    await expectSource(to);
  });

  it('lists the snapshots and brings back the one that is asked for', async () => {
    const listed = await extract(scene.path('attic'), '--list', '--kit', scene.path('kit.txt'));
    const [first = ''] = listed.stdout.split('\n');
    expect(listed.stdout.trim().split('\n')).toHaveLength(3);
    const to = scene.path('first');
    await extract(
      scene.path('attic'),
      '--to',
      to,
      '--snapshot',
      first.split('\t')[0] ?? '',
      '--kit',
      scene.path('kit.txt'),
    );
    expect(readFileSync(join(to, scene.source, 'letters', 'a.txt'), 'utf8')).toBe('first');
    expect(readFileSync(join(to, scene.source, 'letters', 'b.txt'), 'utf8')).toBe('soon gone');
  });

  it('says what it cannot bring back, and ends with 3', async () => {
    const archives = scene.path('damaged');
    mkdirSync(archives);
    const from = scene.path('attic', 'archives');
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(archives, name));
    // Every large one: what the first key sealed was sealed again with the second, and only that is read.
    for (const name of readdirSync(archives)) {
      const bytes = readFileSync(join(archives, name));
      if (bytes.length < 4 * 2 ** 20) continue;
      bytes[5000] = (bytes[5000] ?? 0) ^ 1;
      writeFileSync(join(archives, name), bytes);
    }
    const done = await extract(archives, '--to', scene.path('in part'), '--kit', scene.path('kit.txt'));
    expect(done.code).toBe(3);
    expect(done.stderr).toMatch(/MiB 0 is damaged/);
    expect(readFileSync(join(scene.path('in part'), scene.source, 'after'), 'utf8')).toBe(
      'sealed with the second key',
    );
  });

  it('refuses a wrong passphrase, a misread code and a folder that is not empty', async () => {
    writeFileSync(scene.path('wrong'), 'not the passphrase');
    const wrong = await extract(scene.path('attic'), '--list', '--passphrase-file', scene.path('wrong'));
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('opens any of the key slots') as string,
    });
    expect(await extract(scene.path('attic'), '--list', '--code', '1234')).toMatchObject({ code: 1 });
    const full = await extract(scene.path('attic'), '--to', scene.source, '--kit', scene.path('kit.txt'));
    expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') as string });
  });

  it('reads the golden target of format 1', async () => {
    writeFileSync(scene.path('golden passphrase'), goldenTargetPassphrase);
    const expected = scene.path('golden expected');
    mkdirSync(expected);
    laySecond(expected);
    const secrets = [
      ['--passphrase-file', scene.path('golden passphrase')],
      ['--code', goldenTargetCode],
    ] as const;
    for (const [i, secret] of secrets.entries()) {
      const to = scene.path(`golden ${i}`);
      expect(await extract(golden, '--to', to, ...secret)).toMatchObject({ code: 0, stderr: '' });
      const [top] = readdirSync(to, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('golden source'),
      );
      expect((await compareTrees(expected, join(to, top ?? ''))).differences).toEqual([]);
    }
  });
});
