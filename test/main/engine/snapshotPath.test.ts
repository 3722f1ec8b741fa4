import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderNames, guessPaths, joinPath, splitPath } from '../../../src/main/engine/snapshotPath.ts';

const b = (text: string) => Buffer.from(text);
const show = (paths: readonly (readonly Buffer[])[]) => paths.map((names) => names.map(String));
const name = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f || byte === 0 ? 0x61 : byte))));

describe('snapshot paths', () => {
  it('come apart as they were joined, whatever bytes the names hold', () => {
    const source = fc.constantFrom(b('/home/me'), b('/'), b('/srv/data'));
    fc.assert(
      fc.property(source, fc.array(name, { maxLength: 6 }), (top, below) => {
        const names = [top, ...below];
        expect(splitPath(joinPath(names), [top])).toEqual(names);
      }),
    );
  });

  it('belong to no source when they only share its beginning', () => {
    expect(splitPath(b('/home/melanie/x'), [b('/home/me')])).toBeNull();
  });

  it('are found by full path, by the source folder’s name, or below the only source', () => {
    const sources = [b('/home/me/docs')];
    expect(show(guessPaths('/home/me/docs/a/b', sources))).toEqual([['/home/me/docs', 'a', 'b']]);
    expect(show(guessPaths('docs/a', sources))).toContainEqual(['/home/me/docs', 'a']);
    expect(show(guessPaths('a/b/', sources))).toContainEqual(['/home/me/docs', 'a', 'b']);
    expect(show(guessPaths('./a', sources))).toContainEqual(['/home/me/docs', 'a']);
  });
});

describe('folderNames', () => {
  it('keeps sources of the same name apart', () => {
    expect(folderNames([b('/a/docs'), b('/b/docs'), b('/'), b('/c/docs')]).map(String)).toEqual([
      'docs',
      'docs (2)',
      'root',
      'docs (3)',
    ]);
  });
});
