import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { chunkPlaces } from '../catalog/chunks.ts';
import { equalBytes, hmac, type PreparedKey, sha256, startSha256 } from '../crypto.ts';
import { MAX_FRAME_BYTES } from '../pack/codec.ts';
import { isChunk } from '../pack/packReader.ts';
import type { ListedFile } from './fileList.ts';
import type { ReadAt } from './treeWriter.ts';

/** Chunks read back between two turns of the event loop. */
const TURN_CHUNKS = 16;

/** Whether the chunks that the catalog lists for a file are, by their ids and lengths, those of its whole-file hash. */
export async function isWholeList(
  file: ListedFile,
  runs: Uint32Array | undefined,
  catalog: Catalog,
): Promise<boolean> {
  const ids = startSha256();
  let bytes = 0;
  for await (const places of chunkPlaces(catalog, runs ?? new Uint32Array())) {
    for (const { id, length } of places) {
      ids.update(id);
      bytes += length;
    }
  }
  return bytes === file.size && equalBytes(ids.digest(), file.hash);
}

/**
 * Reads a file back from disk and says whether it is, byte for byte, what the snapshot holds: every chunk has its id,
 * and all ids in order give the whole-file hash.
 * @param runs chunk numbers of a file with several chunks
 * @param idKeys of every key epoch: a file's chunks may have been stored in several
 */
export async function isWholeFile(
  read: ReadAt,
  file: ListedFile,
  runs: Uint32Array | undefined,
  catalog: Catalog,
  idKeys: readonly PreparedKey[],
): Promise<boolean> {
  if (file.chunks === 0) return file.size === 0 && equalBytes(sha256(), file.hash);
  if (file.chunks === 1) {
    const bytes = Buffer.allocUnsafe(file.size);
    return (
      read(bytes, 0) === file.size &&
      idKeys.some((idKey) => equalBytes(sha256(hmac(idKey, bytes)), file.hash))
    );
  }
  if (runs === undefined) throw new RangeError('a file of several chunks without their numbers');
  const ids = startSha256();
  const buffer = Buffer.allocUnsafe(MAX_FRAME_BYTES);
  let offset = 0;
  let chunks = 0;
  for await (const places of chunkPlaces(catalog, runs)) {
    for (const { id, length } of places) {
      const bytes = buffer.subarray(0, length);
      if (read(bytes, offset) !== length || !idKeys.some((idKey) => isChunk(idKey, id, bytes))) return false;
      ids.update(id);
      offset += length;
      if (++chunks % TURN_CHUNKS === 0) await nextTurn();
    }
  }
  return offset === file.size && chunks === file.chunks && equalBytes(ids.digest(), file.hash);
}
