import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArchiveName, writeArchiveName } from '../../../../src/main/engine/vaults/archiveName.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('the name of an archive', () => {
  it.each([
    ['', 'none', null, null],
    ['holiday.zip', 'text', 'holiday.zip', null],
    ['duplicity-full.20190501T100059Z.vol1.difftar.gpg', 'text', null, null],
    [
      '<m><v>4</v><p>L3NhbXBsZS8xMjM0LnBkZg==</p><lm>20190501T100059Z</lm></m>',
      'fastglacier',
      '/sample/1234.pdf',
      Date.UTC(2019, 4, 1, 10, 0, 59),
    ],
    [`<m><v>2</v><p>${base64('Fotos/Größe/')}</p><lm></lm></m>`, 'fastglacier', 'Fotos/Größe/', null],
    ['<m><v>2</v><p>plain name.txt</p><lm>20190501T100059Z</lm></m>', 'fastglacier', 'plain name.txt', null],
    [
      `mt2 ${base64url('{"filename":"a/ü?>.jpg","mtime":"20130102T030405Z"}')}`,
      'mt-aws-glacier',
      'a/ü?>.jpg',
      Date.UTC(2013, 0, 2, 3, 4, 5),
    ],
    [`mt1 ${base64('{"mtime":1357095845,"filename":"old"}')}`, 'mt-aws-glacier', 'old', 1_357_095_845_000],
    ['mt2 bm90IGpzb24', 'text', 'mt2 bm90IGpzb24', null],
    [`mt2 ${base64url('{"filename":7}')}`, 'text', null, null],
    [`mt2 ${base64url('null')}`, 'text', null, null],
    ['<m><v>4</v><p></p><lm></lm></m>', 'text', '<m><v>4</v><p></p><lm></lm></m>', null],
    [`a1.${'0'.repeat(32)}.${'A'.repeat(60)}`, 'text', null, null],
    ['k1.3', 'permafrost', null, null],
  ])('%j is read as %s', (description, tool, name, modifiedAt) => {
    const read = readArchiveName(description);
    expect(read.tool).toBe(tool);
    if (name !== null || tool === 'none') expect(read.name).toBe(name);
    if (modifiedAt !== null) expect(read.modifiedAt).toBe(modifiedAt);
  });

  it('of a pack of ours is sealed', () => {
    const sealed = Buffer.alloc(12 + 24 + 16, 7).toString('base64url');
    expect(readArchiveName(`a1.${'0'.repeat(32)}.${sealed}`)).toEqual({
      tool: 'permafrost',
      name: null,
      modifiedAt: null,
    });
  });

  it('of any kind comes back from the description that is written for it', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 150 });
    const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
    fc.assert(
      fc.property(name, time, (text, at) => {
        fc.pre(Buffer.byteLength(text) <= 700);
        const description = writeArchiveName(text, at);
        expect(description).toMatch(/^[!-~]{1,1024}$/);
        expect(readArchiveName(description)).toEqual({ tool: 'fastglacier', name: text, modifiedAt: at });
      }),
    );
  });

  it('that is too long for a description loses its beginning', () => {
    const description = writeArchiveName(`${'ü'.repeat(2000)}.jpg`, 0);
    expect(description.length).toBeLessThanOrEqual(1024);
    expect(readArchiveName(description).name).toMatch(/^ü{300,}\.jpg$/);
  });

  it('that is absurdly long is cut as quickly as any other', () => {
    const description = writeArchiveName('ü'.repeat(5_000_000), 0);
    expect(readArchiveName(description).name).toBe('ü'.repeat(350));
  });

  it.each([
    [-1e20, '0000-01-01T00:00:00Z'],
    [9e15, '9999-12-31T23:59:59Z'],
    [Infinity, '9999-12-31T23:59:59Z'],
  ])('of a file from %d is written with a time there is room for', (time, written) => {
    expect(readArchiveName(writeArchiveName('a', time)).modifiedAt).toBe(Date.parse(written));
  });

  it('is found in anything without throwing', () => {
    const piece = fc.constantFrom(
      '<m>',
      '<v>4</v>',
      '<p>',
      '</p>',
      '<lm>',
      '</m>',
      'mt2 ',
      'a1.',
      'k1.',
      '====',
    );
    const any = fc.array(fc.oneof(piece, fc.base64String(), fc.string({ unit: 'binary' })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(any, (pieces) => {
        const text = pieces.join('');
        const { tool, name } = readArchiveName(text);
        expect(tool === 'none').toBe(text === '');
        if (tool === 'text') expect(name).toBe(text);
      }),
    );
    expect(readArchiveName(`mt2 ${'A'.repeat(10_000_000)}`).tool).toBe('text');
  });
});
