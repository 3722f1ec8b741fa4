import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSPHRASE, Scene } from '../main/engine/scene.ts';
import { Refused, type MasterKeys } from './strangerKeys.ts';
import { bytesOf, readManifest, type Tree } from './strangerManifest.ts';
import {
  checkWhole,
  cutChunk,
  decodeFrame,
  joinedChunks,
  MIB,
  openPack,
  openPackAsTold,
  sha256,
  treeHash,
  type Frame,
  type Pack,
} from './strangerPack.ts';
import { checkTarget, contentOf, openKeys, openTarget, treeOf, writeTree } from './strangerReader.ts';

/** What a name stands for: all that a snapshot keeps of it. */
interface Seen {
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly mtime: string;
  readonly link: string | null;
  /** Of a file its SHA-256, else null. */
  readonly content: string | null;
  /** The first path, in order, that is a name of the same file. */
  readonly sameFileAs: string;
}

/** A folder as it is now, by path from it, names one byte per character. */
type Sight = ReadonlyMap<string, Seen>;

const scene = new Scene();
const attic = scene.path('attic');
const sights: Sight[] = [];
let masters: MasterKeys;

beforeAll(async () => {
  fill(scene.source);
  await scene.setUp();
  await backUp();
  changeMuch(scene.source);
  await backUp();
  changeAgain(scene.source);
  await backUp();
  await scene.ask('plans:add', { name: 'also docs', target: 'attic', sources: [scene.source] });
  await backUp('also docs');
  await scene.close();
  masters = await openKeys(attic, PASSPHRASE);
});
afterAll(async () => {
  await scene.remove();
});

async function backUp(plan = 'docs'): Promise<void> {
  sights.push(see(scene.source));
  expect(await scene.backup(plan)).toMatchObject({ state: 'done', changed: true, failure: null });
}

function fill(source: string): void {
  const at = (name: string) => join(source, name);
  mkdirSync(at('deep/er/and/deeper/still'), { recursive: true });
  mkdirSync(at('empty folder'));
  mkdirSync(at('many'));
  mkdirSync(at('moves/below'), { recursive: true });
  mkdirSync(at('becomes a file/with/more'), { recursive: true });
  for (let i = 0; i < 400; i++) writeFileSync(at(`many/${i}`), `${i} `.repeat(i * 3));
  writeFileSync(at('many/of noise'), randomBytes(100_000));
  writeFileSync(at('empty'), '');
  writeFileSync(at('big'), randomBytes(9 * MIB));
  writeFileSync(at('text'), 'the same again and again '.repeat(80_000));
  writeFileSync(at('deep/er/and/deeper/still/letter.txt'), 'Dear stranger,\n');
  writeFileSync(at('moves/below/file'), 'I move with my folder');
  writeFileSync(at('becomes a file/with/more/inside'), 'gone soon');
  writeFileSync(at('becomes a folder'), 'a file for now');
  writeFileSync(at('schön 🧊'), 'UTF-8');
  writeFileSync(bytes(`${source}/\xff\xfe\n"\\`), 'not UTF-8');
  mkdirSync(bytes(`${source}/folder \xe9`));
  writeFileSync(bytes(`${source}/folder \xe9/\xe9`), 'Latin-1');
  symlinkSync('deep/er', at('link'));
  symlinkSync('../nowhere/at all', at('deep/dangling'));
  symlinkSync(bytes('to \xff'), at('link to no UTF-8'));
  linkSync(at('many/399'), at('deep/399 again'));
  linkSync(at('many/399'), at('399 as well'));
  const holes = openSync(at('holes'), 'w');
  writeSync(holes, 'start', 0);
  writeSync(holes, 'end', 5_000_000);
  closeSync(holes);
  truncateSync(at('holes'), 7_654_321);
  chmodSync(at('text'), 0o4750);
  chmodSync(at('many'), 0o2711);
  chmodSync(at('empty folder'), 0o1700);
  utimesSync(at('empty'), 1, -1.5);
  utimesSync(at('empty folder'), 1, 1_234_567_890.987654);
}

/** Renames, deletions, and every type becoming every other. */
function changeMuch(source: string): void {
  const at = (name: string) => join(source, name);
  renameSync(at('moves'), at('deep/moved'));
  renameSync(at('text'), at('many/text'));
  rmSync(at('becomes a file'), { recursive: true });
  writeFileSync(at('becomes a file'), 'now a file');
  unlinkSync(at('becomes a folder'));
  mkdirSync(at('becomes a folder/with'), { recursive: true });
  writeFileSync(at('becomes a folder/with/content'), 'now below');
  unlinkSync(at('link'));
  mkdirSync(at('link'));
  rmSync(at('empty folder'), { recursive: true });
  symlinkSync('many', at('empty folder'));
  for (let i = 0; i < 400; i += 7) unlinkSync(at(`many/${i}`));
  for (let i = 1; i < 400; i += 50) appendFileSync(at(`many/${i}`), 'longer');
  appendFileSync(at('big'), randomBytes(300_000));
  unlinkSync(at('399 as well'));
  chmodSync(at('deep'), 0o750);
  unlinkSync(bytes(`${source}/\xff\xfe\n"\\`));
  writeFileSync(bytes(`${source}/folder \xe9/new \xff`), 'also not UTF-8');
}

/** Half of it back, and what changed once changes once more. */
function changeAgain(source: string): void {
  const at = (name: string) => join(source, name);
  renameSync(at('deep/moved'), at('moves'));
  writeFileSync(at('moves/below/file'), 'home again');
  unlinkSync(at('becomes a file'));
  mkdirSync(at('becomes a file/with'), { recursive: true });
  writeFileSync(at('becomes a file/with/other content'), 'a folder again');
  rmSync(at('becomes a folder'), { recursive: true });
  rmSync(bytes(`${source}/folder \xe9`), { recursive: true });
  copyFileSync(at('many/text'), at('deep/er/a copy'));
  rmSync(at('many'), { recursive: true });
  mkdirSync(at('many'));
  writeFileSync(at('many/1'), 'a new one of the same name');
  utimesSync(at('empty'), 1, 2_000_000_000.25);
  writeFileSync(at('big'), randomBytes(5 * MIB));
}

function bytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

function see(folder: string): Sight {
  const seen = new Map<string, Seen>();
  const files = new Map<bigint, string>();
  const visit = (path: string): void => {
    const full = Buffer.concat([Buffer.from(folder), bytes(path)]);
    const stat = lstatSync(full, { bigint: true });
    const type = stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'symlink' : 'file';
    const sameFileAs = (type === 'file' && files.get(stat.ino)) || path;
    files.set(stat.ino, sameFileAs);
    seen.set(path, {
      type,
      mode: Number(stat.mode) & 0o7777,
      owner: `${stat.uid}:${stat.gid}`,
      mtime: String(stat.mtimeNs),
      link: type === 'symlink' ? readlinkSync(full, 'latin1') : null,
      content: type === 'file' ? sha256(readFileSync(full)).toString('hex') : null,
      sameFileAs,
    });
    if (type === 'folder') for (const name of readdirSync(full, 'latin1').sort()) visit(`${path}/${name}`);
  };
  visit('');
  return seen;
}

/** The same view of what the stranger reads, without writing it. */
function seeTree(target: ReturnType<typeof openTarget>, tree: Tree): Sight {
  const seen = new Map<string, Seen>();
  const files = new Map<string, string>();
  const visit = (path: string, name: string, within: Tree): void => {
    const node = within.get(name)!;
    const { entry } = node;
    const inode = entry.inode === undefined ? null : `${entry.inode} ${entry.size ?? 0} ${entry.hash ?? ''}`;
    const sameFileAs = (inode !== null && files.get(inode)) || path;
    if (inode !== null) files.set(inode, sameFileAs);
    seen.set(path, {
      type: entry.type,
      mode: entry.mode,
      owner: `${entry.uid}:${entry.gid}`,
      mtime: String(BigInt(entry.mtime[0]) * 1_000_000_000n + BigInt(entry.mtime[1])),
      link: entry.type === 'symlink' ? bytesOf(entry.link, entry.link64) : null,
      content: entry.type === 'file' ? sha256(contentOf(target, node)).toString('hex') : null,
      sameFileAs,
    });
    for (const child of [...node.children.keys()].sort()) visit(`${path}/${child}`, child, node.children);
  };
  expect([...tree.keys()]).toEqual([scene.source]);
  visit('', scene.source, tree);
  return seen;
}

function expectSame(got: Sight, wanted: Sight): void {
  expect([...got]).toEqual([...wanted]);
}

describe('the stranger, with the page and the passphrase', () => {
  it('reads every snapshot as its source was', () => {
    const target = openTarget(attic, masters);
    checkTarget(target);
    const heads = [...target.manifests.values()].map(({ head }) => head);
    expect(heads).toMatchObject([
      { epoch: 1, base: true, plan: { name: 'docs' } },
      { epoch: 2, base: false },
      { epoch: 3, base: false },
      { epoch: 4, base: true, plan: { name: 'also docs' } },
    ]);
    for (const [i, { snapshot }] of heads.entries())
      expectSame(seeTree(target, treeOf(target, snapshot)), sights[i]!);
  });

  it('writes a snapshot out with links, holes, modes and times', () => {
    const target = openTarget(attic, masters);
    const [first] = target.manifests.keys();
    const out = scene.path('out');
    writeTree(target, treeOf(target, first!), out);
    const written = see(join(out, scene.source));
    const wanted = sights[0]!;
    expectSame(withoutTimes(written), withoutTimes(wanted));
    // Node sets times to the microsecond at best; the exact ones are compared where nothing is written.
    for (const [path, { mtime }] of wanted)
      if (Math.abs(Number(BigInt(written.get(path)!.mtime) - BigInt(mtime))) >= 2000) expect.fail(path);
    expect(statSync(join(out, scene.source, 'holes')).blocks * 512).toBeLessThan(200_000);
  });

  it('reads packs whose manifests are lost', () => {
    const left = copyOfAttic();
    const { manifests } = openTarget(attic, masters);
    const [, , , last] = manifests.keys();
    for (const { name, pack } of packFiles(left))
      if (pack.kind === 'manifest' && readManifest(joinedChunks(pack)).head.snapshot !== last)
        unlinkSync(join(left, 'archives', name));
    const target = openTarget(left, masters);
    expect([...target.manifests.keys()]).toEqual([last]);
    expectSame(seeTree(target, treeOf(target, last!)), sights[3]!);
    expect([...target.manifests.values()].flatMap(({ packs }) => packs)).toEqual([]);
  });

  it('takes no archive for another, and no upload under way for an archive', () => {
    const other = copyOfAttic();
    const [one, two] = packFiles(other).filter(({ pack }) => pack.kind === 'data');
    const archives = join(other, 'archives');
    writeFileSync(join(archives, `${one!.name}.8.part`), 'half of it');
    writeFileSync(join(archives, 'holiday.jpg'), 'not ours');
    checkTarget(openTarget(other, masters));
    copyFileSync(join(archives, one!.name), join(archives, two!.name));
    expect(() => openTarget(other, masters)).toThrow(Refused);
  });
});

describe('one flipped bit', () => {
  const places: readonly [string, (bytes: number) => number][] = [
    ['the magic number', () => 3],
    ['the format', () => 8],
    ['the key epoch', () => 12],
    ['the writer', () => 20],
    ['the pack id', () => 40],
    ['the salt', () => 60],
    ['the commitment', () => 111],
    ['the zeros of the header', () => 127],
    ['the first byte of the body', () => 128],
    ['the tag of the first MiB', () => MIB - 1],
    ['the last MiB', (bytes) => bytes - MIB / 2],
    ['the trailer', (bytes) => bytes - 17 - 24],
    ['the last tag', (bytes) => bytes - 1],
  ];

  it.each(places)('in %s of a pack is refused, without its tree hash too', (_, place) => {
    for (const kind of ['data', 'manifest']) {
      const { pack, bytes } = packFiles(attic).find((file) => file.pack.kind === kind)!;
      checkWhole(openPack(bytes, masters));
      const damaged = flipped(bytes, place(bytes.length));
      expect(treeHash(damaged)).not.toBe(treeHash(pack.sealed.archive));
      expect(() => checkWhole(openPack(damaged, masters))).toThrow(Refused);
    }
  });

  it('in any archive is refused by the reader of the target', () => {
    const damaged = copyOfAttic();
    for (const { name, bytes } of packFiles(damaged)) {
      const file = join(damaged, 'archives', name);
      writeFileSync(file, flipped(bytes, bytes.length >> 1));
      expect(() => checkTarget(openTarget(damaged, masters))).toThrow(Refused);
      writeFileSync(file, bytes);
    }
    checkTarget(openTarget(damaged, masters));
  });

  it.each(['"sealed": "', '"salt": "', '"passes": '])(
    'after %s of the key slots leaves no slot that opens',
    async (before) => {
      const damaged = copyOfAttic();
      const name = readdirSync(join(damaged, 'archives')).find((each) => each.startsWith('k1.1~'))!;
      const file = join(damaged, 'archives', name);
      const bytes = readFileSync(file);
      writeFileSync(file, flipped(bytes, bytes.indexOf(before) + before.length));
      await expect(openKeys(damaged, PASSPHRASE)).rejects.toThrow(Refused);
    },
  );

  it('costs only the frames that touch it: header and index stand in the manifest too', () => {
    const told = [...openTarget(attic, masters).manifests.values()]
      .flatMap(({ packs }) => packs)
      .find(({ size }) => size === 4 * MIB)!;
    const { bytes } = packFiles(attic).find(({ pack }) => pack.id === told.pack)!;
    const damaged = [20, 1.5 * MIB, bytes.length - 1].reduce(flipped, bytes);
    expect(() => openPack(damaged, masters)).toThrow(Refused);
    const pack = openPackAsTold(damaged, told, masters);
    const body = MIB - 16;
    const isHurt = ({ offset, stored }: Frame) =>
      [1, 3].some((n) => offset < (n + 1) * body - 128 && offset + stored > n * body - 128);
    expect(new Set(pack.frames.map(isHurt))).toEqual(new Set([true, false]));
    for (const frame of pack.frames) {
      if (isHurt(frame)) expect(() => decodeFrame(pack, frame)).toThrow(Refused);
      else for (const chunk of frame.chunks) cutChunk(pack, decodeFrame(pack, frame), chunk);
    }
  });
});

describe('a pack', () => {
  it('is refused when MiBs of it are missing, in another order or of another pack', () => {
    const [one, two] = packFiles(attic).filter(({ bytes }) => bytes.length === 4 * MIB);
    const mibs = (bytes: Buffer) => [0, 1, 2, 3].map((n) => bytes.subarray(n * MIB, (n + 1) * MIB));
    const [a, b, c, d] = mibs(one!.bytes) as [Buffer, Buffer, Buffer, Buffer];
    const other = mibs(two!.bytes)[1]!;
    for (const wrong of [
      [a, b, c],
      [a, b, d],
      [b, c, d],
      [a, c, b, d],
      [a, b, c, d, d],
      [a, other, c, d],
      [],
    ])
      expect(() => checkWhole(openPack(Buffer.concat(wrong), masters))).toThrow(Refused);
    expect(() => openPack(one!.bytes.subarray(0, -1), masters)).toThrow(Refused);
  });
});

describe('the passphrase', () => {
  it('opens no slot when it is another', async () => {
    await expect(openKeys(attic, `${PASSPHRASE}!`)).rejects.toThrow(Refused);
  });
});

function withoutTimes(sight: Sight): Sight {
  return new Map([...sight].map(([path, seen]) => [path, { ...seen, mtime: '' }]));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(at) ^ 2, at);
  return damaged;
}

/** A copy of the target, to be damaged. */
function copyOfAttic(): string {
  const copy = mkdtempSync(scene.path('copy-'));
  cpSync(attic, copy, { recursive: true });
  return copy;
}

function packFiles(dir: string): { name: string; bytes: Buffer; pack: Pack }[] {
  const names = readdirSync(join(dir, 'archives')).filter((name) => name.startsWith('a1.'));
  return names.map((name) => {
    const bytes = readFileSync(join(dir, 'archives', name));
    return { name, bytes, pack: openPack(bytes, masters) };
  });
}
