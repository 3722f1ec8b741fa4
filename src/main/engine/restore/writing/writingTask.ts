/**
 * What the engine's thread and the threads that write say to each other. A task is a stretch of one pack and what is to
 * be made of it; ids and hashes go as one array each, because a thousand small ones would cost more than the work.
 */
import type { Failure } from '../../../../shared/failure.ts';
import type { KeySet } from '../../keys/masterKey.ts';
import type { Codec } from '../../pack/codec.ts';
import type { SharedTree } from '../treeWriter.ts';
import type { Metadata } from './metadata.ts';

export const ID_BYTES = 32;

/** What a thread is started with. */
export type WritingStart = SharedTree;

export interface WritingTask {
  readonly pack: { readonly header: Uint8Array; readonly segments: number; readonly keys: KeySet };
  /** Number of the first of the segments in `stored`. */
  readonly first: number;
  /** Whole segments as they lie in the archive; zeros for one that cannot be read. Handed over. */
  readonly stored: Uint8Array<ArrayBuffer>;
  readonly frames: readonly FrameTask[];
  /** Ids of all chunks of all frames, in order. Handed over. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** Files of which every chunk is in this task. */
  readonly files: readonly OwnFile[];
  /** Whole-file hashes of `files`, in order. Handed over. */
  readonly hashes: Uint8Array<ArrayBuffer>;
}

export interface FrameTask {
  readonly start: number;
  readonly stored: number;
  readonly raw: number;
  readonly codec: Codec;
  readonly chunks: readonly ChunkTask[];
}

export interface ChunkTask {
  /** In the raw bytes of the frame. */
  readonly offset: number;
  readonly length: number;
  readonly uses: readonly Use[];
}

/** Where a chunk goes: into one of `files`, by its index, or into a file that the engine's thread holds open. */
export type Use =
  | { readonly own: number; readonly at: number }
  | {
      readonly file: number;
      readonly at: number;
      readonly descriptor: number;
      readonly sparse: boolean;
      /** Where the file belongs, as text for people. */
      readonly path: string;
    };

/** A file that a thread begins, writes, proves and gives its metadata by itself. */
export interface OwnFile {
  /** Number in the order. */
  readonly file: number;
  /** See `TemporaryFileFacts`. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sparse: boolean;
  readonly metadata: Metadata;
}

/** What came of a task. Descriptors in it belong to the engine's thread from now on. */
export interface Written {
  readonly files: readonly FileResult[];
  /** One for each use of a chunk in a file that the engine's thread holds open. */
  readonly pieces: readonly PieceResult[];
}

export type FileResult =
  | {
      readonly file: number;
      readonly failure?: never;
      readonly descriptor: number;
      readonly problems: readonly string[];
      readonly size: number;
      readonly dev: bigint;
      readonly ino: bigint;
    }
  | { readonly file: number; readonly failure: Failure };

export interface PieceResult {
  readonly file: number;
  readonly failure: Failure | null;
}

/** `failed`: nothing more can be written, and no file is to blame; what the task had begun is closed. */
export type Report =
  | { readonly kind: 'written'; readonly written: Written }
  | { readonly kind: 'failed'; readonly failure: Failure };
