/** What every target keeps to, whatever it is made of: see `Target`. Run it with `describeTarget`. */
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import type {
  ArchiveId,
  JobId,
  Part,
  StoredPart,
  Target,
  UploadId,
} from '../../../../src/main/engine/target/target.ts';
import { treeHash } from '../../../../src/main/engine/upload/treeHash.ts';

export const MIB = 1024 * 1024;

export interface OpenedTarget {
  readonly target: Target;
  /** Lets time pass until retrievals that were asked for are ready. */
  makeReady(): void;
  close(): Promise<void>;
}

export function describeTarget(name: string, open: () => Promise<OpenedTarget>): void {
  describe(name, () => {
    let opened: OpenedTarget;
    let target: Target;

    beforeEach(async () => {
      opened = await open();
      target = opened.target;
    });
    afterEach(async () => {
      target.close();
      await opened.close();
    });

    it('says not-found before it is created, and can be created twice', async () => {
      await expectKind(target.probe(), 'not-found');
      await expectKind(target.beginUpload('a', MIB), 'not-found');
      await target.create();
      await target.create();
      await target.probe();
    });

    describe('once created', () => {
      beforeEach(() => target.create());

      it.each([1, MIB - 1, MIB, 2 * MIB, 2 * MIB + 1, 5 * MIB + 17])(
        'gives back an archive of %i bytes, whatever the order of its parts',
        async (size) => {
          const bytes = randomBytes(size);
          const archiveId = await store(target, bytes, MIB, 'backwards');
          const read = await retrieve(opened, archiveId, bytes.length);
          expect(read.equals(bytes)).toBe(true);
        },
      );

      it('replaces a part that is sent again', async () => {
        const [wrong, right] = [randomBytes(MIB), randomBytes(MIB)];
        const uploadId = await target.beginUpload('a', MIB);
        await target.sendPart(uploadId, partOf(wrong, 0));
        await target.sendPart(uploadId, partOf(right, 0));
        const archiveId = await target.finishUpload(uploadId, MIB, treeHash(right));
        expect((await retrieve(opened, archiveId, MIB)).equals(right)).toBe(true);
      });

      it('may be handed a buffer that is used again at once', async () => {
        const bytes = randomBytes(3 * MIB);
        const buffer = Buffer.alloc(MIB);
        const uploadId = await target.beginUpload('a', MIB);
        for (let at = 0; at < bytes.length; at += MIB) {
          bytes.copy(buffer, 0, at, at + MIB);
          await target.sendPart(uploadId, { ...partOf(buffer, 0), offset: at });
        }
        buffer.fill(0);
        const archiveId = await target.finishUpload(uploadId, bytes.length, treeHash(bytes));
        expect((await retrieve(opened, archiveId, bytes.length)).equals(bytes)).toBe(true);
      });

      it('lists exactly the parts it holds, by offset', async () => {
        const bytes = randomBytes(9 * MIB);
        const uploadId = await target.beginUpload('a', 2 * MIB);
        for (const first of [8, 0, 4]) await target.sendPart(uploadId, partOf(bytes, first * MIB, 2 * MIB));
        expect(await partsOf(target, uploadId)).toEqual([
          { offset: 0, length: 2 * MIB, treeHash: treeHash(bytes.subarray(0, 2 * MIB)) },
          { offset: 4 * MIB, length: 2 * MIB, treeHash: treeHash(bytes.subarray(4 * MIB, 6 * MIB)) },
          { offset: 8 * MIB, length: MIB, treeHash: treeHash(bytes.subarray(8 * MIB)) },
        ]);
      });

      it('lists uploads under way until they are finished or aborted', async () => {
        const bytes = randomBytes(10);
        const finished = await target.beginUpload('first', 4 * MIB);
        const aborted = await target.beginUpload('second', MIB);
        const listed = await uploadsOf(target);
        expect(
          listed.map(({ uploadId, description, partBytes }) => [uploadId, description, partBytes]),
        ).toEqual(
          expect.arrayContaining([
            [finished, 'first', 4 * MIB],
            [aborted, 'second', MIB],
          ]),
        );
        expect(listed).toHaveLength(2);
        await target.sendPart(finished, partOf(bytes, 0));
        await target.finishUpload(finished, bytes.length, treeHash(bytes));
        await target.abortUpload(aborted);
        expect(await uploadsOf(target)).toEqual([]);
      });

      it('gives the same archive when an upload is finished twice', async () => {
        const bytes = randomBytes(MIB + 5);
        const uploadId = await target.beginUpload('a', MIB);
        for (const offset of [0, MIB]) await target.sendPart(uploadId, partOf(bytes, offset, MIB));
        const first = await target.finishUpload(uploadId, bytes.length, treeHash(bytes));
        expect(await target.finishUpload(uploadId, bytes.length, treeHash(bytes))).toBe(first);
      });

      it('makes two archives of one description', async () => {
        const [one, other] = [randomBytes(100), randomBytes(100)];
        const ids = [await store(target, one, MIB), await store(target, other, MIB)];
        expect(ids[0]).not.toBe(ids[1]);
        expect((await retrieve(opened, ids[0]!, 100)).equals(one)).toBe(true);
        expect((await retrieve(opened, ids[1]!, 100)).equals(other)).toBe(true);
      });

      it('refuses to finish on another hash, size or with a part missing, and goes on after that', async () => {
        const bytes = randomBytes(3 * MIB);
        const uploadId = await target.beginUpload('a', MIB);
        for (const offset of [0, 2 * MIB]) await target.sendPart(uploadId, partOf(bytes, offset, MIB));
        await expectKind(target.finishUpload(uploadId, bytes.length, treeHash(bytes)), 'corrupt');
        await target.sendPart(uploadId, partOf(bytes, MIB, MIB));
        await expectKind(target.finishUpload(uploadId, bytes.length, treeHash(randomBytes(9))), 'corrupt');
        await expectKind(target.finishUpload(uploadId, MIB, treeHash(bytes)), 'corrupt');
        const archiveId = await target.finishUpload(uploadId, bytes.length, treeHash(bytes));
        expect((await retrieve(opened, archiveId, bytes.length)).equals(bytes)).toBe(true);
      });

      it('refuses to finish when a part holds other bytes', async () => {
        const bytes = randomBytes(2 * MIB);
        const uploadId = await target.beginUpload('a', MIB);
        await target.sendPart(uploadId, partOf(bytes, 0, MIB));
        await target.sendPart(uploadId, { ...partOf(randomBytes(MIB), 0), offset: MIB });
        await expectKind(target.finishUpload(uploadId, bytes.length, treeHash(bytes)), 'corrupt');
      });

      it('knows no upload that was aborted or never was', async () => {
        const aborted = await target.beginUpload('a', MIB);
        await target.abortUpload(aborted);
        await target.abortUpload(aborted);
        for (const uploadId of [aborted, '-never' as UploadId, '../../x~00000000.0' as UploadId]) {
          await expectKind(target.sendPart(uploadId, partOf(randomBytes(5), 0)), 'not-found');
          await expectKind(target.finishUpload(uploadId, 5, treeHash(randomBytes(5))), 'not-found');
          await expectKind(partsOf(target, uploadId), 'not-found');
        }
      });

      it('knows no upload any more once it is finished', async () => {
        const bytes = randomBytes(5);
        const uploadId = await target.beginUpload('a', MIB);
        await target.sendPart(uploadId, partOf(bytes, 0));
        await target.finishUpload(uploadId, 5, treeHash(bytes));
        await expectKind(partsOf(target, uploadId), 'not-found');
        await expectKind(target.sendPart(uploadId, partOf(bytes, 0)), 'not-found');
      });

      it('retrieves a range, counted from its own start', async () => {
        const bytes = randomBytes(6 * MIB + 123);
        const archiveId = await store(target, bytes, 2 * MIB);
        const range = { first: 3 * MIB, end: bytes.length };
        const jobId = await target.requestRetrieval(archiveId, range, 'standard', 'order-1.7');
        opened.makeReady();
        const job = await target.describeRetrieval(jobId);
        expect(job).toMatchObject({
          jobId,
          archiveId,
          range,
          state: 'ready',
          reason: null,
          description: 'order-1.7',
        });
        expect(job.completedAt).toBeGreaterThanOrEqual(job.createdAt);
        const read = await target.readRetrieved(jobId, MIB + 1, 2 * MIB);
        expect(read.bytes.equals(bytes.subarray(4 * MIB + 1, 5 * MIB))).toBe(true);
      });

      it('vouches for what it gives with the right hash, if it does', async () => {
        const bytes = randomBytes(5 * MIB);
        const jobId = await target.requestRetrieval(await store(target, bytes, MIB), null, 'bulk', 'o');
        opened.makeReady();
        for (const [first, end] of [
          [0, 5 * MIB],
          [2 * MIB, 4 * MIB],
          [MIB, 3 * MIB],
        ] as const) {
          const read = await target.readRetrieved(jobId, first, end);
          expect(read.bytes.equals(bytes.subarray(first, end))).toBe(true);
          if (read.treeHash !== null) expect(read.treeHash).toEqual(treeHash(read.bytes));
        }
      });

      it('calls a retrieval of everything one of the whole archive, however it was asked for', async () => {
        const bytes = randomBytes(2 * MIB);
        const archiveId = await store(target, bytes, MIB);
        for (const range of [null, { first: 0, end: 2 * MIB }]) {
          const jobId = await target.requestRetrieval(archiveId, range, 'standard', 'o');
          expect((await target.describeRetrieval(jobId)).range).toBeNull();
        }
      });

      it('says corrupt when a retrieval holds fewer bytes than are read', async () => {
        const archiveId = await store(target, randomBytes(3 * MIB), MIB);
        const jobId = await target.requestRetrieval(archiveId, { first: MIB, end: 2 * MIB }, 'standard', 'o');
        opened.makeReady();
        await expectKind(target.readRetrieved(jobId, MIB / 2, MIB + 1), 'corrupt');
        await expectKind(target.readRetrieved(jobId, MIB + 1, MIB + 2), 'corrupt');
      });

      it('refuses ranges that no archive or no service has', async () => {
        const archiveId = await store(target, randomBytes(2 * MIB), MIB);
        const ask = (first: number, end: number): Promise<JobId> =>
          target.requestRetrieval(archiveId, { first, end }, 'standard', 'o');
        await expectKind(ask(0, 3 * MIB), 'invalid');
        await expectKind(ask(2 * MIB, 3 * MIB), 'invalid');
        await expectKind(ask(0, MIB + 1), 'invalid');
        await expect(ask(1, MIB)).rejects.toThrow(RangeError);
      });

      it('knows no archive and no retrieval that never was', async () => {
        for (const id of ['-'.repeat(138), 'a~00000000', '../a~00000000', '..']) {
          await expectKind(target.requestRetrieval(id as ArchiveId, null, 'standard', 'o'), 'not-found');
        }
        for (const id of ['-'.repeat(92), 'a~00000000//o', '../../x//o']) {
          await expectKind(target.describeRetrieval(id as JobId), 'not-found');
          await expectKind(target.readRetrieved(id as JobId, 0, 1), 'not-found');
        }
      });

      it('takes descriptions of up to 200 plain characters and no others', async () => {
        const longest = `a1.${'b'.repeat(190)}.-_Z09`;
        await target.beginUpload(longest, MIB);
        expect((await uploadsOf(target)).map((upload) => upload.description)).toEqual([longest]);
        for (const description of ['', 'a b', 'a/b', 'é', 'a~b', 'x'.repeat(201)]) {
          await expect(target.beginUpload(description, MIB)).rejects.toThrow(RangeError);
        }
      });

      it('rejects with the reason of an aborted signal', async () => {
        const { signal } = abortedWith('enough');
        await expect(target.beginUpload('a', MIB, signal)).rejects.toThrow('enough');
        await expect(target.probe(signal)).rejects.toThrow('enough');
        await expect(collect(target.listUploads(signal))).rejects.toThrow('enough');
        expect(await uploadsOf(target)).toEqual([]);
      });
    });
  });
}

function abortedWith(message: string): AbortController {
  const controller = new AbortController();
  controller.abort(new Error(message));
  return controller;
}

/** Rejects with an `EngineError` of that kind that says something and gives advice. */
export async function expectKind(promise: Promise<unknown>, kind: EngineError['kind']): Promise<EngineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) expect.fail(`${kind} was expected, there came: ${String(error)}`);
  expect(error.kind, error.message).toBe(kind);
  expect(error.message).toMatch(/^[A-Z“/].*\.$/);
  expect(error.advice).toMatch(/^[A-Z].*\.$/);
  return error;
}

export function partOf(bytes: Buffer, offset: number, partBytes = bytes.length): Part {
  const part = bytes.subarray(offset, offset + partBytes);
  return {
    offset,
    bytes: part,
    treeHash: treeHash(part),
    sha256: createHash('sha256').update(part).digest(),
  };
}

/** Stores bytes as an archive called `stored`. */
export async function store(
  target: Target,
  bytes: Buffer,
  partBytes: number,
  order: 'forwards' | 'backwards' = 'forwards',
): Promise<ArchiveId> {
  const uploadId = await target.beginUpload('stored', partBytes);
  const offsets = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) => i * partBytes);
  for (const offset of order === 'forwards' ? offsets : offsets.toReversed()) {
    await target.sendPart(uploadId, partOf(bytes, offset, partBytes));
  }
  return target.finishUpload(uploadId, bytes.length, treeHash(bytes));
}

export async function retrieve(opened: OpenedTarget, archiveId: ArchiveId, size: number): Promise<Buffer> {
  const jobId = await opened.target.requestRetrieval(archiveId, null, 'standard', 'retrieve');
  opened.makeReady();
  return (await opened.target.readRetrieved(jobId, 0, size)).bytes;
}

export async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

export function partsOf(target: Target, uploadId: UploadId): Promise<StoredPart[]> {
  return collect(target.listParts(uploadId));
}

export function uploadsOf(target: Target) {
  return collect(target.listUploads());
}
