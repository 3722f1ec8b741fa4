/**
 * The bytes of archives, each in a plain file named by the archive's id, with the digests of its leaves beside it.
 *
 * A file is written in place from the first byte on and never moved: the record in the journal is what makes it an
 * archive, so a kill leaves at worst a file nobody knows, which the next start removes. Thanks to the leaves, the
 * hash of any range is known without reading the range. Bytes that rot on the disk are therefore served under the
 * hash of what was stored, and a client that checks will notice.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Durability } from '../journal.ts';
import { receive, type Received } from '../receive.ts';
import { DIGEST_BYTES, LEAF_BYTES } from '../treeHash.ts';

export interface DataFiles {
  path(archiveId: string): string;
  /** Writes a body. Resolves once it is as durable as asked. */
  write(archiveId: string, place: Place, body: AsyncIterable<Buffer>): Promise<Received>;
  /** Takes a body in beside the archive, for a place that holds something already. Call `adopt` or `discard` once. */
  writeAside(archiveId: string, place: Place, body: AsyncIterable<Buffer>): Promise<Aside>;
  /** Digests of leaves `from` up to, not including, `to`. */
  leaves(archiveId: string, from: number, to: number): Promise<Buffer[]>;
  remove(archiveId: string): Promise<void>;
  /** Removes what belongs to no archive in `known`. */
  removeAllBut(known: ReadonlySet<string>): Promise<void>;
}

/** Where a body goes: `offset` is a multiple of the leaf size, `bytes` the most it has. */
interface Place {
  readonly offset: number;
  readonly bytes: number;
}

interface Aside {
  readonly received: Received;
  /** Writes it where it belongs, over what was there. */
  adopt(): Promise<void>;
  discard(): Promise<void>;
}

const LEAVES = '.leaves';
const ASIDE = '.aside';

/** Files in `dir`, which exists; they are spread over subfolders by the end of the id. */
export function openDataFiles(dir: string, durability: Durability): DataFiles {
  let asides = 0;
  const shards = new Set<string>();
  const path = (archiveId: string): string => join(dir, archiveId.slice(-2).toLowerCase(), archiveId);

  const openFor = async (archiveId: string, suffix: string): Promise<FileHandle> => {
    const shard = join(dir, archiveId.slice(-2).toLowerCase());
    if (!shards.has(shard)) {
      await mkdir(shard, { recursive: true });
      if (durability === 'fsync') await syncFolder(dir);
      shards.add(shard);
    }
    // Not 'w': parts of one archive are written side by side, none may empty the file.
    return open(path(archiveId) + suffix, constants.O_RDWR | constants.O_CREAT, 0o644);
  };
  const settle = async (archiveId: string, ...files: FileHandle[]): Promise<void> => {
    if (durability === 'none') return;
    await Promise.all(files.map((file) => file.datasync()));
    await syncFolder(join(path(archiveId), '..'));
  };
  const writeLeaves = async (
    archiveId: string,
    offset: number,
    { leaves }: Received,
    data: FileHandle,
  ): Promise<void> => {
    // The only leaf of an archive is its tree hash; no second file for each of a hundred thousand small ones.
    if (offset === 0 && leaves.length === 1) return settle(archiveId, data);
    const file = await openFor(archiveId, LEAVES);
    try {
      await writeAll(file, Buffer.concat(leaves), (offset / LEAF_BYTES) * DIGEST_BYTES);
      await settle(archiveId, data, file);
    } finally {
      await file.close();
    }
  };
  const write = async (
    archiveId: string,
    { offset, bytes }: Place,
    body: AsyncIterable<Buffer>,
  ): Promise<Received> => {
    const file = await openFor(archiveId, '');
    try {
      const received = await receive(body, (piece, at) => writeAll(file, piece, offset + at), bytes);
      await writeLeaves(archiveId, offset, received, file);
      return received;
    } finally {
      await file.close();
    }
  };
  const readAt = async (name: string, bytes: Buffer, position: number): Promise<void> => {
    const file = await open(name, 'r');
    try {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
      if (bytesRead < bytes.length) throw new Error(`${name} is shorter than its archive`);
    } finally {
      await file.close();
    }
  };
  const remove = async (archiveId: string): Promise<void> => {
    await rm(path(archiveId), { force: true });
    await rm(path(archiveId) + LEAVES, { force: true });
  };

  return {
    path,
    write,
    writeAside: async (archiveId, place, body) => {
      asides += 1;
      const suffix = `${ASIDE}${asides}`;
      const file = await openFor(archiveId, suffix);
      const discard = async (): Promise<void> => {
        await file.close();
        await rm(path(archiveId) + suffix, { force: true });
      };
      try {
        const received = await receive(body, (piece, at) => writeAll(file, piece, at), place.bytes);
        return {
          received,
          adopt: async () => {
            await write(
              archiveId,
              place,
              file.createReadStream({ start: 0, autoClose: false, highWaterMark: LEAF_BYTES }),
            );
            await discard();
          },
          discard,
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },
    leaves: async (archiveId, from, to) => {
      const bytes = Buffer.alloc((to - from) * DIGEST_BYTES);
      await readAt(path(archiveId) + LEAVES, bytes, from * DIGEST_BYTES);
      return Array.from({ length: to - from }, (_, i) =>
        bytes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
      );
    },
    remove,
    removeAllBut: async (known) => {
      for (const shard of await readdir(dir)) {
        for (const name of await readdir(join(dir, shard))) {
          const [archiveId = ''] = name.split('.');
          if (!known.has(archiveId) || name.includes(ASIDE))
            await rm(join(dir, shard, name), { force: true });
        }
      }
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

/** Makes names in a folder durable; Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
