/**
 * Sends sealed packs to the target one after another, each by several parts at once (steps 7 and 8 of the durability
 * protocol), and holds back who makes them: that is what keeps staging space flat.
 *
 * A staged file is deleted as soon as its pack is stored, before the snapshot is committed: the target's own tree hash
 * of it is the proof, and waiting for the commit would need as much local space as a first backup has.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { TargetId } from '../catalog/ids.ts';
import { forgetPack, markStored, markUnknown, markUnstaged, markUploading } from '../catalog/packs.ts';
import { markBegun, owedUploads, type UploadRow } from '../catalog/uploads.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError } from '../failure.ts';
import { noteGarbage } from '../garbage.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { verifyPack } from '../pack/verify.ts';
import type { Target } from '../target/target.ts';
import { partBytesFor } from '../upload/partPlan.ts';
import { uploadPack } from '../upload/uploadPack.ts';

/** Sealed packs on disk at most, per run. */
const STAGED_PACKS = 4;

export interface SendingOptions {
  readonly catalog: Catalog;
  readonly targetId: TargetId;
  readonly target: Target;
  readonly stagingDir: string;
  readonly keys: KeySet;
  readonly signal: AbortSignal;
  /** Bytes of parts that have arrived, as they arrive. */
  readonly onSent: (bytes: number) => void;
}

export class Sending {
  readonly #options: SendingOptions;
  #line: Promise<void> = Promise.resolve();
  /** Packs handed to `add`, sent or not. */
  #taken = new Set<string>();
  #waiting = 0;
  #waitingBytes = 0;
  #roomWanted: (() => void)[] = [];
  #failure: { readonly reason: unknown } | null = null;

  readonly #stop = new AbortController();

  constructor(options: SendingOptions) {
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#stop.signal]) };
  }

  /** Bytes of packs that wait or are under way. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Puts every pack that is owed to the target at the end of the line; resolves when there is room for another one.
   * @throws what ended the line: a failed upload ends it for good, the packs stay staged for the next run
   */
  async addOwed(): Promise<void> {
    this.#throwIfFailed();
    for (const upload of await owedUploads(this.#options.catalog, this.#options.targetId)) this.#add(upload);
    while (this.#waiting >= STAGED_PACKS) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
      this.#throwIfFailed();
    }
  }

  /** Resolves when every pack in the line is stored. */
  async drain(): Promise<void> {
    await this.#line;
    this.#throwIfFailed();
  }

  /** Stops the line and waits until nothing of it is under way. Safe to call again, and after the end. */
  async close(): Promise<void> {
    this.#failure ??= { reason: new DOMException('sending was stopped', 'AbortError') };
    this.#stop.abort();
    await this.#line;
  }

  #add(upload: UploadRow): void {
    if (this.#taken.has(upload.uid)) return;
    this.#taken.add(upload.uid);
    this.#waiting++;
    this.#waitingBytes += upload.size;
    this.#line = this.#line.then(() => this.#sendNext(upload));
  }

  async #sendNext(upload: UploadRow): Promise<void> {
    try {
      if (this.#failure === null) await sendPack(upload, this.#options);
    } catch (reason) {
      this.#failure ??= { reason: await this.#dropIfDamaged(upload, reason) };
    } finally {
      this.#waiting--;
      this.#waitingBytes -= upload.size;
      for (const resolve of this.#roomWanted.splice(0)) resolve();
    }
  }

  /** A staged pack that is not what it was is thrown away: its files are read again by the next run. */
  async #dropIfDamaged(upload: UploadRow, reason: unknown): Promise<unknown> {
    if (!(reason instanceof EngineError) || reason.kind !== 'corrupt') return reason;
    const { catalog, stagingDir, keys } = this.#options;
    const path = stagedPath(stagingDir, upload.uid);
    try {
      if (verifyPack(path, keys).leaves.equals(upload.leaves)) return reason;
    } catch (error) {
      if (!(error instanceof EngineError)) return reason;
    }
    await catalog.transaction((tx) => forgetPack(tx, upload.pack));
    rmSync(path, { force: true });
    return reason;
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }
}

/** Sends one staged pack and records it as stored. May be repeated after a kill at any point. */
async function sendPack(upload: UploadRow, options: SendingOptions): Promise<void> {
  const { catalog, target, stagingDir, signal, onSent } = options;
  const path = stagedPath(stagingDir, upload.uid);
  const partBytes = upload.partBytes ?? partBytesFor(upload.size, target.traits.partBytes);
  // Step 7: the intent stands before the first request.
  await catalog.transaction((tx) => markUploading(tx, upload.pack));
  crashpoint('upload-intended');
  const archiveId = await uploadPack({
    target,
    path,
    size: upload.size,
    leaves: upload.leaves,
    description: upload.description,
    uploadId: upload.uploadId,
    mayHaveBegun: upload.state !== 'sealed',
    partBytes,
    partsInFlight: target.traits.partsInFlight,
    onUploadId: (uploadId) =>
      catalog.transaction((tx) => markBegun(tx, upload.pack, { uploadId, partBytes, begunAt: Date.now() })),
    onUnknown: () => catalog.transaction((tx) => markUnknown(tx, upload.pack)),
    onProgress: onSent,
    signal,
  });
  noteGarbage(target.traits.partsInFlight * partBytes);
  // Step 8: only our own hash, returned by the target, leads here.
  await catalog.transaction((tx) => markStored(tx, upload.pack, archiveId, Date.now()));
  crashpoint('pack-stored');
  // Step 12: the row first, then the file.
  await catalog.transaction((tx) => markUnstaged(tx, upload.pack));
  crashpoint('pack-unstaged');
  rmSync(path, { force: true });
  crashpoint('pack-removed');
}

/** Where the staged file of a pack lies. */
export function stagedPath(stagingDir: string, uid: string): string {
  return join(stagingDir, `${uid}.pack`);
}
