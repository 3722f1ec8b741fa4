import { describe, expect, it } from 'vitest';
import { defaultProfile } from '../../../src/main/engine/defaultProfile.ts';

describe('defaultProfile', () => {
  const home = '/home/me';
  it('lies where the system keeps application data', () => {
    expect(defaultProfile({ platform: 'linux', home, env: {} })).toBe('/home/me/.local/share/permafrost');
    expect(defaultProfile({ platform: 'linux', home, env: { XDG_DATA_HOME: '/data' } })).toBe(
      '/data/permafrost',
    );
    expect(defaultProfile({ platform: 'darwin', home, env: {} })).toBe(
      '/home/me/Library/Application Support/Permafrost',
    );
    expect(defaultProfile({ platform: 'win32', home, env: { LOCALAPPDATA: '/local' } })).toBe(
      '/local/Permafrost',
    );
  });

  it('ignores a relative XDG_DATA_HOME', () => {
    expect(defaultProfile({ platform: 'linux', home, env: { XDG_DATA_HOME: 'data' } })).toBe(
      '/home/me/.local/share/permafrost',
    );
  });
});
