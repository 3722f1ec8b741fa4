/** Folders, files and packs for the packing tests, and a way back from packs to files. */
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedFile, FileTask } from '../../../../src/main/engine/backup/packing.ts';
import type { ChunkIndex } from '../../../../src/main/engine/chunk/chunkIndex.ts';
import { chunkNumbers } from '../../../../src/main/engine/entry.ts';
import type { SealedPack } from '../../../../src/main/engine/pack/packWriter.ts';
import { foundFile } from '../../../../src/main/engine/scan/found.ts';
import { masterKey } from '../pack/samplePack.ts';
import { readAsStranger } from '../pack/strangerReader.ts';

/** A file as the scan hands it to the pool. */
export function taskFor(path: string | Buffer, key = 1): FileTask {
  const bytes = Buffer.from(path);
  return { key, path: bytes, found: foundFile(bytes, lstatSync(path, { bigint: true })), lifetime: 'long' };
}

export function writeFiles(folder: string, contents: readonly Buffer[]): FileTask[] {
  return contents.map((bytes, i) => {
    const path = join(folder, `file ${i}`);
    writeFileSync(path, bytes);
    return taskFor(path, i);
  });
}

/** Keeps what sealed packs hold, as a reader who knows only the format finds it. */
export class PackReader {
  readonly #index: ChunkIndex;
  readonly #chunks = new Map<number, Buffer>();
  readonly packs: SealedPack[] = [];
  /** Chunks in all packs, those included that are in there twice. */
  chunks = 0;

  constructor(index: ChunkIndex) {
    this.#index = index;
  }

  readonly take = (pack: SealedPack): void => {
    this.packs.push(pack);
    for (const { id, bytes } of readAsStranger(readFileSync(pack.path), masterKey).chunks) {
      const number = this.#index.find(Buffer.from(id, 'hex'));
      if (number === undefined) throw new Error('a chunk that nobody claimed');
      this.#chunks.set(number, Buffer.from(bytes));
      this.chunks++;
    }
    rmSync(pack.path);
  };

  contentOf(file: PackedFile | undefined): Buffer {
    if (file?.kind !== 'packed') throw new Error(`not packed: ${JSON.stringify(file)}`);
    const pieces = Array.from(chunkNumbers(file.content.runs), (number) => {
      const bytes = this.#chunks.get(number);
      if (bytes === undefined) throw new Error(`chunk ${number} is in no pack`);
      return bytes;
    });
    return Buffer.concat(pieces);
  }
}
