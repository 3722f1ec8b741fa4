/** Step 6 of the durability protocol: a pack that was verified from disk becomes rows of the catalog. */
import type { PackKey } from '../catalog/ids.ts';
import { addSealedPack, type PackIndex } from '../catalog/packs.ts';
import type { ChunkIndex } from '../chunk/chunkIndex.ts';
import { crashpoint } from '../crashpoint.ts';
import { sealDescription, writerTag } from '../pack/description.ts';
import { chunkAt, frameAt } from '../pack/index.ts';
import type { SealedPack } from '../pack/packWriter.ts';
import type { BackupJob } from './backupJob.ts';

/**
 * Records `pack` as sealed, with its frames and chunks where entries name them by number.
 * @param index where the numbers of its chunks stand; null for a manifest, whose chunks no entry names
 * @param epoch of a manifest; else 0
 */
export async function recordSealedPack(
  job: BackupJob,
  pack: SealedPack,
  index: ChunkIndex | null,
  epoch: number,
): Promise<PackKey> {
  const { packId, kind, keyEpoch, size, header, treeHash, leaves, rawBytes } = pack;
  const createdAt = Date.now();
  const tag = kind === 'data' ? 0 : writerTag(job.writer);
  const description = sealDescription(job.keys, { packId, kind, keyEpoch, epoch, writerTag: tag, createdAt });
  crashpoint('pack-verified');
  const key = await job.catalog.transaction((tx) =>
    addSealedPack(tx, {
      uid: packId,
      target: job.targetRow.id,
      kind,
      run: job.run,
      // A catalog copy is about all of them.
      snapshot: kind === 'catalog' ? null : job.snapshot,
      size,
      header,
      treeHash,
      keyEpoch,
      rawBytes,
      createdAt,
      index: index === null ? null : numbered(pack, index),
      leaves,
      description,
    }),
  );
  crashpoint('pack-sealed');
  return key;
}

function numbered(pack: SealedPack, index: ChunkIndex): PackIndex {
  const packed = { bytes: pack.index, frames: pack.frames, chunks: pack.chunks };
  const frames = Array.from({ length: pack.frames }, (_, i) => {
    const { storedBytes, rawBytes, codec } = frameAt(packed, i);
    return { stored: storedBytes, raw: rawBytes, codec };
  });
  const chunks = Array.from({ length: pack.chunks }, (_, i) => chunkAt(packed, i));
  const numbers = Uint32Array.from(chunks, ({ id }) => {
    const number = index.find(id);
    if (number === undefined) throw new RangeError('a packed chunk that nobody claimed');
    return number;
  });
  return { frames, chunks, numbers };
}
