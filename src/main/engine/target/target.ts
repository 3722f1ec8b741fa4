/**
 * Target: a place that holds archives. A vault, a bucket or a folder; retry and logging wrap a target and are one.
 *
 * An archive is written once, as parts of one multipart upload, and never changed. Reading is two steps,
 * because cold storage is: ask for a retrieval, read its output when it is ready. A folder answers at once.
 * One contract suite (test/main/engine/target/contract.ts) holds every implementation to these words.
 */

/** What the service calls an archive. Opaque; may start with `-`. */
export type ArchiveId = string & { readonly __brand: 'ArchiveId' };
/** Names an upload under way. Opaque. */
export type UploadId = string & { readonly __brand: 'UploadId' };
/** Names a retrieval or inventory job at the service. Opaque. */
export type JobId = string & { readonly __brand: 'JobId' };

export type Tier = 'expedited' | 'standard' | 'bulk';

/** Whole bytes of an archive, `first` to `end` exclusive; both multiples of 1 MiB, or `end` the archive's size. */
export interface ByteRange {
  readonly first: number;
  readonly end: number;
}

export interface TargetTraits {
  readonly kind: 'vault' | 'bucket' | 'folder';
  /** Whether a part of an archive can be retrieved (and paid) by itself. */
  readonly rangedRetrieval: boolean;
  /** Whether a retrieval is ready as soon as it is asked for, at no price. */
  readonly instantRead: boolean;
  /** Bytes of a full pack on this target; a power of two times 1 MiB. */
  readonly packBytes: number;
  /** Bytes of a part of an upload, but for the last; a power of two times 1 MiB. */
  readonly partBytes: number;
  /** Parts sent at once. */
  readonly partsInFlight: number;
  /** Longest wait between two looks at a job, in ms. */
  readonly pollCapMs: number;
  /** Whether `sendPart` needs `Part.sha256`; hashing bytes that nobody compares would cost a third of a copy to disk. */
  readonly wantsSha256: boolean;
}

/** Bytes of one part with the hashes that were worked out when they were written; nothing hashes them again. */
export interface Part {
  /** Offset in the archive, a multiple of the upload's part size. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Tree hash of `bytes`, 32 bytes. */
  readonly treeHash: Buffer;
  /** Linear SHA-256 of `bytes`, 32 bytes; null where `traits.wantsSha256` is false. */
  readonly sha256: Buffer | null;
}

export interface UploadInfo {
  readonly uploadId: UploadId;
  readonly description: string;
  readonly partBytes: number;
  readonly createdAt: number;
}

export interface StoredPart {
  readonly offset: number;
  readonly length: number;
  readonly treeHash: Buffer;
}

export interface RetrievalJob {
  readonly jobId: JobId;
  /** What we wrote into it at the start: carries our own id, so that a lost answer can be found again. */
  readonly description: string;
  /** Null for a job that is not a retrieval (an inventory). */
  readonly archiveId: ArchiveId | null;
  /** Null for the whole archive, also when it was asked for as a range. */
  readonly range: ByteRange | null;
  readonly state: 'waiting' | 'ready' | 'failed';
  /** The service's words when it failed. */
  readonly reason: string | null;
  readonly createdAt: number;
  readonly completedAt: number | null;
}

export interface RetrievedBytes {
  readonly bytes: Buffer;
  /** The service's own tree hash of `bytes`, when it sent one. The caller compares. */
  readonly treeHash: Buffer | null;
}

/**
 * All calls reject with `EngineError`. A call that ends with `offline` or `throttled` may be made again later; it may
 * or may not have had its effect. Every call honours `signal`: aborted, it rejects with the signal's reason.
 *
 * Lists can be taken up again: after `next()` rejected with `offline` or `throttled` it may be called once more and
 * goes on where it was. Descriptions are ours to choose: 1 to 200 of `A-Z a-z 0-9 . _ -`, the same on every target,
 * because a folder makes file names of them and a vault signs them as header text.
 */
export interface Target {
  readonly traits: TargetTraits;

  /**
   * Proves that the target can be reached and written to with these credentials; creates nothing.
   * Rejects `not-found` when the vault or folder does not exist.
   */
  probe(signal?: AbortSignal): Promise<void>;
  /** Creates the vault or folder; no error if it exists already. */
  create(signal?: AbortSignal): Promise<void>;

  beginUpload(description: string, partBytes: number, signal?: AbortSignal): Promise<UploadId>;
  /**
   * Sends one part and compares the hash that the service worked out (a folder compares all at `finishUpload`).
   * The same part again replaces it. `part.bytes` may be reused once the call has settled.
   */
  sendPart(uploadId: UploadId, part: Part, signal?: AbortSignal): Promise<void>;
  /**
   * Makes the archive. `treeHash` is over the whole archive; the service's own must be equal, or it rejects `corrupt`
   * and the upload stays open (parts missing or of other bytes: look at `listParts`).
   * Safe to call again after a lost answer, within an hour or so; later it rejects `not-found`.
   */
  finishUpload(uploadId: UploadId, size: number, treeHash: Buffer, signal?: AbortSignal): Promise<ArchiveId>;
  /** Forgets an upload and its parts; no error if it is gone already. */
  abortUpload(uploadId: UploadId, signal?: AbortSignal): Promise<void>;
  listUploads(signal?: AbortSignal): AsyncIterable<UploadInfo>;
  /** Parts the service holds, by offset. Rejects `not-found` when the upload has expired or was finished. */
  listParts(uploadId: UploadId, signal?: AbortSignal): AsyncIterable<StoredPart>;

  /** Starts a retrieval. Each call starts (and bills) a new one: look in `listRetrievals` first. */
  requestRetrieval(
    archiveId: ArchiveId,
    range: ByteRange | null,
    tier: Tier,
    description: string,
    signal?: AbortSignal,
  ): Promise<JobId>;
  /** Rejects `not-found` when the service has forgotten the job (its output has expired). */
  describeRetrieval(jobId: JobId, signal?: AbortSignal): Promise<RetrievalJob>;
  listRetrievals(signal?: AbortSignal): AsyncIterable<RetrievalJob>;
  /**
   * Reads bytes of a ready job; `first` and `end` count from the start of what the job retrieved. Always gives all
   * of them: rejects `corrupt` when the job holds fewer, `offline` when the answer was cut short or is not the service's.
   */
  readRetrieved(jobId: JobId, first: number, end: number, signal?: AbortSignal): Promise<RetrievedBytes>;

  /** Epoch ms by the service's clock, as far as its answers have told it; else this computer's. */
  now(): number;

  /** Frees sockets. The target is not used afterwards. */
  close(): void;
}
