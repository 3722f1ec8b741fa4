import { describe, expect, it } from 'vitest';
import { Failed } from '../../../src/main/cli/failed.ts';
import { absolutePath } from '../../../src/main/cli/paths.ts';

describe('absolutePath', () => {
  it('counts from the current folder', () => {
    expect(absolutePath('docs', '/home/me')).toBe('/home/me/docs');
    expect(absolutePath('../x/', '/home/me')).toBe('/home/x');
    expect(absolutePath('/abs', '/home/me')).toBe('/abs');
  });

  it('refuses a name whose bytes were lost on the way in', () => {
    expect(() => absolutePath('caf\u{fffd}', '/nowhere')).toThrow(Failed);
  });
});
