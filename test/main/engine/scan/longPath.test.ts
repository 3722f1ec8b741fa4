import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LONGEST_PATH, withShortPath } from '../../../../src/main/engine/scan/longPath.ts';
import { makeDeep, tempTree } from './tempTree.ts';

const join2 = (path: Buffer, name: string): Buffer => Buffer.concat([path, Buffer.from(`/${name}`)]);

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe.runIf(process.platform === 'linux')('a path longer than the system takes', () => {
  test.for([
    [4_100, 'short'],
    [9_000, 'd'],
    [60_000, 'n'.repeat(250)],
  ] as const)('is made, written, read, listed and linked at %i bytes', ([bytes, name]) => {
    const folder = makeDeep(tempTree(), bytes, name);
    const file = join2(folder, 'file');
    const link = join2(folder, 'link');
    expect(() => lstatSync(folder)).toThrow(/ENAMETOOLONG/);
    withShortPath(file, (short) => writeFileSync(short, 'content'));
    withShortPath(link, (short) => symlinkSync('../elsewhere', short));
    expect(withShortPath(file, (short) => readFileSync(short, 'utf8'))).toBe('content');
    expect(withShortPath(file, (short) => lstatSync(short).size)).toBe(7);
    expect(withShortPath(link, (short) => readlinkSync(short))).toBe('../elsewhere');
    expect(withShortPath(folder, (short) => readdirSync(short).sort())).toEqual(['file', 'link']);
  });

  test('leaves no descriptor open, whether it works or fails', () => {
    const folder = makeDeep(tempTree(), 9_000, 'd');
    const before = openDescriptors();
    withShortPath(folder, (short) => closeSync(openSync(short, 'r')));
    expect(() => withShortPath(join2(folder, 'missing'), (short) => lstatSync(short))).toThrow(/ENOENT/);
    expect(() =>
      withShortPath(join2(join2(folder, 'no'), 'where/at/all'), (short) => lstatSync(short)),
    ).toThrow();
    expect(openDescriptors()).toBe(before);
  });

  test('does not go through a link at the end of a piece', () => {
    const top = tempTree();
    const real = makeDeep(top, 3_900, 'e'.repeat(9));
    rmSync(real, { recursive: true });
    symlinkSync(top, real);
    const beyond = Buffer.concat([real, Buffer.from('/' + 'f'.repeat(200))]);
    expect(() => withShortPath(beyond, (short) => lstatSync(short))).toThrow(/ENOTDIR|ELOOP/);
  });

  test('works at every length around the limit, with room and slashes to spare', () => {
    const folder = makeDeep(tempTree(), 4_600, 'abc');
    for (let length = LONGEST_PATH - 300; length <= folder.length; length++) {
      const cut = folder.subarray(0, length);
      if (cut.at(-1) === 0x2f || (folder[length] ?? 0x2f) !== 0x2f) continue;
      const look = (short: Buffer): boolean => lstatSync(short).isDirectory();
      expect(withShortPath(cut, look)).toBe(true);
      expect(withShortPath(cut, (short) => look(Buffer.concat([short, Buffer.alloc(255, '/')])), 255)).toBe(
        true,
      );
      expect(withShortPath(Buffer.concat([cut, Buffer.from('///')]), look)).toBe(true);
    }
  });

  test('leaves the refusal of an impossible name to the system', () => {
    const path = join2(Buffer.from(tempTree()), 'x'.repeat(5_000));
    expect(() => withShortPath(path, (short) => lstatSync(short))).toThrow(/ENAMETOOLONG/);
  });
});

test('a short path goes to the system as it is', () => {
  const top = Buffer.from(tempTree());
  expect(withShortPath(Uint8Array.from(top), (short) => short.equals(top))).toBe(true);
});
