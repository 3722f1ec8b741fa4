import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { permafrost, start } from './permafrost.ts';

async function script(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'faults-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'faults.json');
  await writeFile(path, text);
  return path;
}

describe('permafrost simulator --faults', () => {
  it('has the faults of the file on order from the start', async () => {
    const path = await script('[{"operation":"*","when":"drop-before","after":3,"times":"always"}]');
    const { child, ended, firstLine } = start(['simulator', '--faults', path]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const { url } = JSON.parse(await firstLine) as { url: string };
    const state = (await (await fetch(`${url}/-simulator/state`)).json()) as { pendingFaults: unknown };
    expect(state.pendingFaults).toEqual([{ operation: '*', when: 'drop-before', after: 3, times: 'always' }]);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });

  it('does not start with a file that makes no sense, and says which', async () => {
    const path = await script('[{"operation":"X","when":"sometimes"}]');
    const { code, stderr, stdout } = await permafrost(['simulator', '--faults', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(path);
    expect(stderr).toMatch(/expected one of .*"drop-before".* \(at 0\.when\)/);
    expect(stderr).not.toContain('report');
  });
});
