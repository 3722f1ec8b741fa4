import { describe, expect, it } from 'vitest';
import { openerFor, openInBrowser } from '../../../src/main/serve/opener.ts';

describe('the opener', () => {
  it.each([
    ['linux', ['xdg-open', 'http://127.0.0.1:1/?token=0']],
    ['freebsd', ['xdg-open', 'http://127.0.0.1:1/?token=0']],
    ['darwin', ['open', 'http://127.0.0.1:1/?token=0']],
    ['win32', ['cmd.exe', '/d', '/c', 'start', '', 'http://127.0.0.1:1/?token=0']],
  ] as const)('on %s is the one of the system', (platform, command) => {
    expect(openerFor(platform, 'http://127.0.0.1:1/?token=0')).toEqual(command);
  });

  it('that is missing is told', async () => {
    const missing = process.platform === 'win32' ? 'linux' : 'win32';
    await new Promise<void>((resolve) => openInBrowser('http://127.0.0.1:1/', resolve, missing));
  });
});
