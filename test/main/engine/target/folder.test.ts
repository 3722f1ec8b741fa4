import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFolder } from '../../../../src/main/engine/target/folder.ts';
import { folderFailure } from '../../../../src/main/engine/target/folderFailure.ts';
import {
  jobIdOf,
  parseJobId,
  parseUploadId,
  uploadFileName,
  uploadIdOf,
  uploadIdOfFile,
} from '../../../../src/main/engine/target/folderNames.ts';
import { renameSynced } from '../../../../src/main/engine/target/renameSynced.ts';
import type { ArchiveId, Target } from '../../../../src/main/engine/target/target.ts';
import { treeHash } from '../../../../src/main/engine/upload/treeHash.ts';
import { expectKind, MIB, partOf, partsOf, store, uploadsOf } from './contract.ts';

let dir: string;
let folder: Target;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'permafrost-folder-'));
  folder = openFolder(dir);
  await folder.create();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const files = (): Promise<string[]> => readdir(join(dir, 'archives'));

describe('what lies in a folder', () => {
  it('is the archive under its description and eight digits, byte for byte', async () => {
    const bytes = randomBytes(2 * MIB + 9);
    const archiveId = await store(folder, bytes, MIB);
    expect(archiveId).toMatch(/^stored~[0-9a-f]{8}$/);
    expect(await files()).toEqual([archiveId]);
    expect((await readFile(join(dir, 'archives', archiveId))).equals(bytes)).toBe(true);
  });

  it('ends in .part while it is under way', async () => {
    await folder.beginUpload('a', 4 * MIB);
    expect(await files()).toEqual([expect.stringMatching(/^a~[0-9a-f]{8}\.2\.part$/)]);
  });

  it('may be other things, which are left alone', async () => {
    await writeFile(join(dir, 'archives', 'notes.part'), 'x');
    await writeFile(join(dir, 'archives', 'a~00000000.99.part'), 'x');
    expect(await uploadsOf(folder)).toEqual([]);
  });
});

describe('a folder after a kill', () => {
  it('lists the parts of an upload that another process began', async () => {
    const bytes = randomBytes(4 * MIB);
    const uploadId = await folder.beginUpload('a', MIB);
    await folder.sendPart(uploadId, partOf(bytes, 2 * MIB, MIB));
    const later = openFolder(dir);
    expect((await uploadsOf(later))[0]).toMatchObject({ uploadId, description: 'a', partBytes: MIB });
    expect((await partsOf(later, uploadId)).map(({ offset }) => offset)).toEqual([2 * MIB]);
    for (const offset of [0, MIB, 3 * MIB]) await later.sendPart(uploadId, partOf(bytes, offset, MIB));
    await later.finishUpload(uploadId, bytes.length, treeHash(bytes));
  });

  it('lists a part that was half written with the hash of what is there', async () => {
    const bytes = randomBytes(MIB);
    const uploadId = await folder.beginUpload('a', MIB);
    await writeFile(join(dir, 'archives', uploadFileName(uploadId)), bytes.subarray(0, 1000));
    const [part] = await partsOf(folder, uploadId);
    expect(part).toEqual({ offset: 0, length: 1000, treeHash: treeHash(bytes.subarray(0, 1000)) });
  });

  it('finishes an upload that another process had finished', async () => {
    const bytes = randomBytes(100);
    const uploadId = await folder.beginUpload('a', MIB);
    await folder.sendPart(uploadId, partOf(bytes, 0));
    const archiveId = await folder.finishUpload(uploadId, 100, treeHash(bytes));
    expect(await openFolder(dir).finishUpload(uploadId, 100, treeHash(bytes))).toBe(archiveId);
    await expectKind(folder.finishUpload(uploadId, 100, treeHash(randomBytes(3))), 'corrupt');
  });
});

describe('a folder whose disk fails', () => {
  it('does not call stored what reads back differently', async () => {
    const bytes = randomBytes(2 * MIB);
    const uploadId = await folder.beginUpload('a', MIB);
    for (const offset of [0, MIB]) await folder.sendPart(uploadId, partOf(bytes, offset, MIB));
    const file = await open(join(dir, 'archives', uploadFileName(uploadId)), 'r+');
    await file.write(Buffer.from([bytes[MIB + 5]! ^ 1]), 0, 1, MIB + 5);
    await file.close();
    await expectKind(folder.finishUpload(uploadId, bytes.length, treeHash(bytes)), 'corrupt');
    expect((await files())[0]).toMatch(/\.part$/);
  });

  it('says that an archive is shorter than it was', async () => {
    const archiveId = await store(folder, randomBytes(3 * MIB), MIB);
    const jobId = await folder.requestRetrieval(archiveId, null, 'standard', 'o');
    const file = await open(join(dir, 'archives', archiveId), 'r+');
    await file.truncate(MIB);
    await file.close();
    await expectKind(folder.readRetrieved(jobId, MIB, MIB + 1), 'corrupt');
  });

  it('says that it is not there when the disk is away, whatever is asked', async () => {
    const bytes = randomBytes(10);
    const uploadId = await folder.beginUpload('a', MIB);
    const archiveId = await store(folder, bytes, MIB);
    const jobId = await folder.requestRetrieval(archiveId, null, 'standard', 'o');
    await rename(join(dir, 'archives'), join(dir, 'elsewhere'));
    const failures = [
      await expectKind(folder.probe(), 'not-found'),
      await expectKind(folder.beginUpload('b', MIB), 'not-found'),
      await expectKind(folder.sendPart(uploadId, partOf(bytes, 0)), 'not-found'),
      await expectKind(folder.finishUpload(uploadId, 10, treeHash(bytes)), 'not-found'),
      await expectKind(uploadsOf(folder), 'not-found'),
      await expectKind(partsOf(folder, uploadId), 'not-found'),
      await expectKind(folder.describeRetrieval(jobId), 'not-found'),
      await expectKind(folder.readRetrieved(jobId, 0, 1), 'not-found'),
    ];
    for (const failure of failures) expect(failure.message).toContain(`no archives of Permafrost in ${dir}`);
  });

  it('says not-found of a folder where a disk would be mounted but is not', async () => {
    const mountPoint = join(dir, 'usb');
    await mkdir(mountPoint);
    await expectKind(openFolder(mountPoint).probe(), 'not-found');
  });

  it.each([
    ['ENOSPC', 'write', 'no-space'],
    ['EDQUOT', 'write', 'no-space'],
    ['EROFS', 'write', 'unwritable'],
    ['EACCES', 'write', 'unwritable'],
    ['EACCES', 'read', 'unreadable'],
    ['EFBIG', 'write', 'unwritable'],
    ['EIO', 'write', 'unwritable'],
    ['EIO', 'read', 'unreadable'],
    ['ENOENT', 'read', 'not-found'],
    ['ESTALE', 'read', 'offline'],
    ['EHOSTDOWN', 'write', 'offline'],
  ] as const)('says of %s on a %s: %s', async (code, doing, kind) => {
    const error = Object.assign(new Error(code), { code });
    await expectKind(Promise.reject(folderFailure(error, '/backup', doing) ?? error), kind);
  });

  it('takes no error for its own that is none of the file system’s', () => {
    expect(folderFailure(new RangeError('a bug'), '/backup', 'read')).toBeUndefined();
    const argument = Object.assign(new TypeError('a bug'), { code: 'ERR_INVALID_ARG_TYPE' });
    expect(folderFailure(argument, '/backup', 'read')).toBeUndefined();
  });
});

describe('names in a folder', () => {
  const description = fc.stringMatching(/^[A-Za-z0-9._-]{1,200}$/);
  const apart = fc.stringMatching(/^[0-9a-f]{8}$/);

  it('give back what they were made of', () => {
    fc.assert(
      fc.property(description, apart, fc.integer({ min: 0, max: 12 }), (words, digits, power) => {
        const id = uploadIdOf(words, digits, MIB * 2 ** power);
        expect(parseUploadId(id)).toEqual({
          description: words,
          partBytes: MIB * 2 ** power,
          archiveId: `${words}~${digits}`,
        });
        expect(uploadIdOfFile(uploadFileName(id))).toBe(id);
        expect(uploadIdOfFile(`${words}~${digits}`)).toBeUndefined();
      }),
    );
    const range = fc.record({ first: fc.nat(1e12), end: fc.nat(1e12) });
    fc.assert(
      fc.property(description, apart, fc.option(range), description, (words, digits, part, order) => {
        const job = { archiveId: `${words}~${digits}` as ArchiveId, range: part, description: order };
        expect(parseJobId(jobIdOf(job))).toEqual(job);
      }),
    );
  });

  it('never lead out of it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const id of [text, `../${text}~00000000.0`, `${text}/a~00000000`]) {
          expect(/[/\\]/.test(id) && parseUploadId(id) !== undefined).toBe(false);
          expect(/[/\\]/.test(parseJobId(`${id}//x`)?.archiveId ?? '')).toBe(false);
        }
      }),
    );
  });
});

it.each(['linux', 'darwin', 'win32'] as const)('gives a file its final name as on %s', async (platform) => {
  await writeFile(join(dir, 'from'), 'x');
  await renameSynced(join(dir, 'from'), join(dir, 'to'), platform);
  expect(await readFile(join(dir, 'to'), 'utf8')).toBe('x');
  await expect(renameSynced(join(dir, 'from'), join(dir, 'to'), platform)).rejects.toThrow('ENOENT');
});
