import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/main/cli/main.ts';
import { keep } from './keep.ts';
import { permafrost, start } from './permafrost.ts';

describe('a command line that cannot be understood', () => {
  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['vault', 'frobnicate'], /unknown command 'frobnicate'/],
    [['vault', 'list'], /say where: '--target', or '--region'/],
    [['vault', 'list', '--target', 'cold', '--region', 'eu-west-1'], /leave out '--region'/],
    [['vault', 'show', '--region', 'eu-west-1'], /name one with '--vault'/],
    [['vault', 'tags', 'add', '--target', 'cold', 'photos'], /like project=photos/],
    [['vault', 'lock', 'start', '--target', 'cold'], /one of '--deny-delete-days' and '--policy-file'/],
    [['vault', 'policy', 'set', '--target', 'cold'], /one of '--policy-file'/],
    [['vault', 'retrieval-policy', 'set', 'slow', '--target', 'cold'], /not 'slow'/],
    [['vault', 'retrieval-policy', 'set', 'rate', '--target', 'cold'], /needs '--gb-per-hour'/],
    [['vault', 'uploads', 'abort', '--target', 'cold'], /name the uploads/],
    [['backup'], /name the plans to run/],
    [['backup', '--all', 'docs'], /name the plans to run/],
    [['restore', 'latest'], /--to <dir>/],
    [['restore', 'latest', '--to', 'x', '--tier', 'fast'], /Allowed choices are expedited, standard, bulk/],
    [['plan', 'add', 'docs', '--target', 'cold'], /--source <dir\.\.\.>/],
    [['target', 'add', 'cold', 'cloud'], /not 'cloud'/],
    [['target', 'add', 'cold', 'vault', '--vault', 'photos'], /needs '--region'/],
    [
      ['target', 'add', 'cold', 'folder', '--path', 'x', '--region', 'eu-west-1'],
      /'--region' is not for a folder/,
    ],
    [['target', 'add', 'cold', 'practice', '--speed', 'fast'], /has to be a number above 0/],
    [['serve', '--port', '70000'], /whole number from 0 to 65535/],
    [['snapshots', '--no-such-option'], /unknown option '--no-such-option'/],
    [['orders', 'resume', 'everything'], /too many arguments/],
  ])('%j ends with 2 and a reason', async (args, reason) => {
    const output = keep(false);
    expect(await run(args, output)).toBe(2);
    expect(output.stderr).toMatch(reason);
    expect(output.stderr).toContain('--help');
    expect(output.stdout).toBe('');
  });

  it('is told in JSON too when JSON was asked for', async () => {
    const { code, stdout } = await permafrost(['frobnicate', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ failure: { kind: 'invalid' } });
  });
});

describe('a command without a profile', () => {
  it('fails with 1, in short lines without a stack, and makes nothing', async () => {
    const { code, stdout, stderr } = await permafrost(['snapshots', '--profile', '/nonexistent/profile']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'There is no profile in /nonexistent/profile yet.',
      'Make one with "permafrost init", or name another with --profile.',
      '',
    ]);
  });

  it('shows the stack when it is being debugged', async () => {
    const env = { PERMAFROST_DEBUG: '1', PERMAFROST_PROFILE: '/nonexistent/profile' };
    const { stderr } = await permafrost(['snapshots'], { env });
    expect(stderr).toMatch(/at .*session\.ts/);
  });
});

describe('the launcher', () => {
  it('takes the program with it when it is killed', async () => {
    const launcher = fileURLToPath(new URL('../../../src/main/cli/permafrost.ts', import.meta.url));
    const child = fork(launcher, ['simulator'], {
      env: { PATH: process.env['PATH'], PERMAFROST_RELAUNCHED: '1' },
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    });
    await once(child.stdout ?? child, 'data');
    // All that the program sees of a launcher's end.
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('a profile', () => {
  it('that could not be made is not left behind half', async () => {
    const profile = join(mkdtempSync(join(tmpdir(), 'permafrost-init-')), 'profile');
    const env = { PERMAFROST_PROFILE: profile };
    expect(await permafrost(['init'], { env: { ...env, PERMAFROST_PASSPHRASE: 'abc' } })).toMatchObject({
      code: 1,
    });
    expect(existsSync(profile)).toBe(false);
    rmSync(dirname(profile), { recursive: true });
  });
});

describe('permafrost simulator', () => {
  it('says on its first line how it is reached, and ends in order at Ctrl-C', async () => {
    const { child, ended, firstLine } = start(['simulator', '--speed', '100']);
    const said = JSON.parse(await firstLine) as Record<string, string>;
    expect(Object.keys(said)).toEqual(['url', 'region', 'accessKeyId', 'secretAccessKey']);
    const state = (await (await fetch(`${said['url'] ?? ''}/-simulator/state`)).json()) as { speed: number };
    expect(state.speed).toBe(100);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });
});

describe('help', () => {
  it('goes to stdout and ends with 0', async () => {
    const { code, stdout, stderr } = await permafrost(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('permafrost [options] [command]');
  });
});

describe('permafrost orders', () => {
  it.each([['--folders', 'abcd'], ['--archives']])('%s wants to know of which order', async (...options) => {
    const { code, stderr } = await permafrost(['orders', ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain('name the order first');
  });
});
