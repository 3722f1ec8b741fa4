/**
 * Retrieved segments on their way into files: one sparse file per pack of an order, each segment at the place it has in
 * the archive, still sealed. They stay until the pack has been taken apart, through restarts.
 *
 * The folder itself stays until the order has ended and nothing of it lies about: it is the sign of an order that has
 * still to be tidied up after.
 */
import { constants, existsSync, renameSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure, EngineError } from '../failure.ts';
import { makeFolder, syncFolder } from '../lastingNames.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { SegmentSource } from './extract.ts';

export class SegmentStore {
  readonly #dir: string;

  /** @param restoreDir in the profile @param orderUid 32 hex digits */
  constructor(restoreDir: string, orderUid: string) {
    this.#dir = join(restoreDir, orderUid);
  }

  /** Makes the folder, if it is not there. */
  make(): void {
    try {
      makeFolder(this.#dir);
    } catch (error) {
      throw diskFailure(error, `the disk of ${this.#dir}`) ?? error;
    }
  }

  /** Opens the file that keeps a pack's segments, for writing. */
  async openForWriting(packUid: string): Promise<SegmentFile> {
    this.make();
    try {
      const flags = constants.O_RDWR | constants.O_CREAT;
      const file = new SegmentFile(await open(this.#path(packUid), flags, 0o600));
      syncFolder(this.#dir);
      return file;
    } catch (error) {
      throw diskFailure(error, `the disk of ${this.#dir}`) ?? error;
    }
  }

  async openForReading(packUid: string): Promise<SegmentFile> {
    return new SegmentFile(await open(this.#path(packUid), 'r'));
  }

  remove(packUid: string): void {
    rmSync(this.#path(packUid), { force: true });
  }

  has(packUid: string): boolean {
    return existsSync(this.#path(packUid));
  }

  /** Hands a pack's segments over to whoever keeps them, on the same disk. */
  moveTo(packUid: string, path: string): void {
    renameSync(this.#path(packUid), path);
  }

  /** Removes all that is left of the order here: the last thing it needs. */
  clear(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #path(packUid: string): string {
    return join(this.#dir, `${packUid}.segments`);
  }
}

export class SegmentFile implements SegmentSource {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param offset in the archive */
  async write(offset: number, bytes: Buffer): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += (await this.#file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
      }
    } catch (error) {
      throw diskFailure(error, 'the disk of the profile, where retrieved data waits') ?? error;
    }
  }

  async read(first: number, end: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe((end - first) * SEGMENT_BYTES);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(
        bytes,
        filled,
        bytes.length - filled,
        first * SEGMENT_BYTES + filled,
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled === bytes.length) return bytes;
    throw new EngineError('corrupt', 'Retrieved data is missing on this disk.', 'Order the restore again.');
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
