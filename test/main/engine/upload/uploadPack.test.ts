import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { openFolder } from '../../../../src/main/engine/target/folder.ts';
import type { ArchiveId, Target, UploadId } from '../../../../src/main/engine/target/target.ts';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import { leavesOf } from '../../../../src/main/engine/upload/treeHash.ts';
import { uploadPack, type PackUpload } from '../../../../src/main/engine/upload/uploadPack.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { expectKind, partOf, partsOf, retrieve, uploadsOf } from '../target/contract.ts';

const MIB = 1024 * 1024;
const PARTS = 5;
const DAY = 24 * 3600_000;

let dir: string;
let simulator: Simulator;
let target: Target;
let bytes: Buffer;
let pack: Pack;

/** A staged pack with what a catalog keeps of it. */
interface Pack {
  readonly path: string;
  readonly leaves: Buffer;
  /** What was written down: survives a kill. */
  uploadId: UploadId | null;
  readonly unknown: UploadId[];
  sent: number;
}

async function setUp(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'permafrost-upload-'));
  simulator = await startSimulator({ dir: join(dir, 'simulator'), durability: 'none' });
  const { url, region, accessKeyId, secretAccessKey } = simulator;
  target = openVault({ vault: 'v', region, endpoint: url, credentials: { accessKeyId, secretAccessKey } });
  await target.create();
  bytes = randomBytes((PARTS - 1) * MIB + 12_345);
  pack = await stage(bytes);
}
async function tearDown(): Promise<void> {
  target.close();
  await simulator.close();
  await rm(dir, { recursive: true });
}
beforeEach(setUp);
afterEach(tearDown);

async function stage(content: Buffer): Promise<Pack> {
  const path = join(dir, `${randomBytes(4).toString('hex')}.pack`);
  await writeFile(path, content);
  return { path, leaves: leavesOf(content), uploadId: null, unknown: [], sent: 0 };
}

/** Uploads the staged pack, going on from what is written down. */
function send(more: Partial<PackUpload> = {}): Promise<ArchiveId> {
  return uploadPack({
    target,
    path: pack.path,
    size: bytes.length,
    leaves: pack.leaves,
    description: 'a1.pack',
    uploadId: pack.uploadId,
    mayHaveBegun: false,
    partBytes: MIB,
    partsInFlight: 2,
    onUploadId: (uploadId) => {
      pack.uploadId = uploadId;
      return Promise.resolve();
    },
    onProgress: (sent) => (pack.sent += sent),
    onUnknown: (uploadId) => {
      pack.unknown.push(uploadId);
      return Promise.resolve();
    },
    signal: new AbortController().signal,
    ...more,
  });
}

const asked = (operation: string): number => simulator.counts().operations[operation] ?? 0;
const drop = (operation: string, when: 'drop-before' | 'drop-after'): void =>
  simulator.failNext({ operation, when });

async function expectStored(archiveId: ArchiveId): Promise<void> {
  const opened = { target, makeReady: () => simulator.advance(9 * 3600_000), close: () => Promise.resolve() };
  expect((await retrieve(opened, archiveId, bytes.length)).equals(bytes)).toBe(true);
}

/** How many archives the vault really holds. */
async function archivesHeld(): Promise<number> {
  const state = (await (await fetch(`${simulator.url}/-simulator/state`)).json()) as {
    vaults: { archives: number }[];
  };
  return state.vaults[0]?.archives ?? 0;
}

describe('a staged pack', () => {
  it('is stored part by part, each once', async () => {
    await expectStored(await send());
    expect(asked('UploadMultipartPart')).toBe(PARTS);
    expect(pack.sent).toBe(bytes.length);
    expect(asked('ListParts')).toBe(0);
  });

  it('has its upload written down before its first part is sent', async () => {
    const order: string[] = [];
    const watched: Target = {
      ...target,
      sendPart: (uploadId, part, signal) => {
        order.push('part');
        return target.sendPart(uploadId, part, signal);
      },
    };
    await send({
      target: watched,
      onUploadId: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push('written');
      },
    });
    expect(order).toEqual(['written', ...Array.from({ length: PARTS }, () => 'part')]);
  });

  it('is sent with as many parts at once as asked for, and no more', async () => {
    let now = 0;
    let most = 0;
    const watched: Target = {
      ...target,
      async sendPart(uploadId, part, signal) {
        most = Math.max(most, ++now);
        await target.sendPart(uploadId, part, signal);
        now--;
      },
    };
    await send({ target: watched, partsInFlight: 3 });
    expect(most).toBe(3);
  });

  it('of a single byte is stored too', async () => {
    bytes = randomBytes(1);
    pack = await stage(bytes);
    await expectStored(await send({ partsInFlight: 8 }));
  });

  it('is stored in a folder without its linear hash', async () => {
    const folder = openFolder(join(dir, 'folder'));
    await folder.create();
    const watched: Target = {
      ...folder,
      sendPart: (uploadId, part, signal) => {
        expect(part.sha256).toBeNull();
        return folder.sendPart(uploadId, part, signal);
      },
    };
    await send({ target: watched });
  });

  it('stops with the caller’s reason and is taken up again where it was', async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error('pause'));
    await expect(send({ onProgress, partsInFlight: 1, signal: controller.signal })).rejects.toThrow('pause');
    await expectStored(await send());
    expect(asked('UploadMultipartPart')).toBe(PARTS);
    expect(asked('InitiateMultipartUpload')).toBe(1);
  });

  it('is not sent to a vault that is gone', async () => {
    const { url, region, accessKeyId, secretAccessKey } = simulator;
    const credentials = { accessKeyId, secretAccessKey };
    const other = openVault({ vault: 'other', region, endpoint: url, credentials });
    await expectKind(send({ target: other, uploadId: 'u' as UploadId }), 'not-found');
    await expectKind(send({ target: other }), 'not-found');
    other.close();
  });

  it('whose leaves are not its own is a bug', async () => {
    await expect(send({ leaves: pack.leaves.subarray(32) })).rejects.toThrow(RangeError);
  });
});

describe('a lost answer', () => {
  it('to the beginning leaves an upload that is found by its description', async () => {
    drop('InitiateMultipartUpload', 'drop-after');
    await expectKind(send(), 'offline');
    expect(pack.uploadId).toBeNull();
    await target.beginUpload('a1.another', MIB);
    await expectStored(await send({ mayHaveBegun: true }));
    expect(asked('InitiateMultipartUpload')).toBe(2);
    expect((await uploadsOf(target)).map((upload) => upload.description)).toEqual(['a1.another']);
  });

  it('to a part costs no other part', async () => {
    drop('UploadMultipartPart', 'drop-after');
    await expectKind(send({ partsInFlight: 1 }), 'offline');
    await expectStored(await send());
    expect(asked('UploadMultipartPart')).toBe(PARTS);
    expect(pack.sent).toBe(bytes.length - MIB);
  });

  it('to the finish gives the same archive', async () => {
    drop('CompleteMultipartUpload', 'drop-after');
    await expectKind(send(), 'offline');
    await expectStored(await send());
    expect(await archivesHeld()).toBe(1);
    expect(pack.unknown).toEqual([]);
    expect(asked('UploadMultipartPart')).toBe(PARTS);
  });

  it('to the finish that is too old is told of, and the same bytes are sent as a new upload', async () => {
    drop('CompleteMultipartUpload', 'drop-after');
    await expectKind(send(), 'offline');
    const lost = pack.uploadId;
    simulator.advance(3 * DAY);
    await expectStored(await send());
    expect(pack.unknown).toEqual([lost]);
    expect(await archivesHeld()).toBe(2);
  });
});

describe('an upload taken up again', () => {
  it('that has expired is begun anew', async () => {
    drop('UploadMultipartPart', 'drop-before');
    await expectKind(send({ partsInFlight: 1 }), 'offline');
    const expired = pack.uploadId;
    simulator.advance(3 * DAY);
    await expectStored(await send());
    expect(pack.uploadId).not.toBe(expired);
  });

  it('that expires while it is sent is begun anew once', async () => {
    const first = await target.beginUpload('a1.pack', MIB);
    let aborted = false;
    const vanishing: Target = {
      ...target,
      async sendPart(uploadId, part, signal) {
        if (!aborted) await target.abortUpload(first);
        aborted = true;
        await target.sendPart(uploadId, part, signal);
      },
    };
    await expectStored(await send({ target: vanishing, uploadId: first }));
    expect(asked('InitiateMultipartUpload')).toBe(2);
  });

  it('trusts no part that holds other bytes', async () => {
    const uploadId = await target.beginUpload('a1.pack', MIB);
    await target.sendPart(uploadId, partOf(bytes, 0, MIB));
    await target.sendPart(uploadId, { ...partOf(randomBytes(MIB), 0), offset: MIB });
    await target.sendPart(uploadId, { ...partOf(bytes.subarray(2 * MIB, 2 * MIB + 99), 0), offset: 2 * MIB });
    await expectStored(await send({ uploadId }));
    expect(asked('UploadMultipartPart')).toBe(3 + PARTS - 1);
  });

  it('is left alone when it holds a part where none of ours lies', async () => {
    const foreign = await target.beginUpload('a1.pack', MIB);
    await target.sendPart(foreign, { ...partOf(randomBytes(MIB), 0), offset: 7 * MIB });
    await expectStored(await send({ uploadId: foreign }));
    expect((await uploadsOf(target)).map((upload) => upload.uploadId)).toEqual([foreign]);
    expect(pack.unknown).toEqual([]);
  });

  it('is mended when a part turns out to differ only at the finish', async () => {
    const careless: Target = {
      ...target,
      async sendPart(uploadId, part, signal) {
        await target.sendPart(uploadId, part, signal);
        if (part.offset === 2 * MIB && asked('UploadMultipartPart') <= PARTS) {
          await target.sendPart(uploadId, { ...partOf(randomBytes(MIB), 0), offset: 2 * MIB }, signal);
        }
      },
    };
    await expectStored(await send({ target: careless, partsInFlight: 1 }));
    expect(asked('CompleteMultipartUpload')).toBe(2);
    expect(asked('UploadMultipartPart')).toBe(PARTS + 2);
  });
});

describe('a staged file that is damaged', () => {
  it.each([0, MIB - 1, 2 * MIB, 4 * MIB + 12_344])('at byte %i is never finished', async (at) => {
    const file = await open(pack.path, 'r+');
    await file.write(Buffer.from([bytes[at]! ^ 0x10]), 0, 1, at);
    await file.close();
    await expectKind(send(), 'corrupt');
    expect(asked('CompleteMultipartUpload')).toBe(0);
    const damagedPart = Math.floor(at / MIB) * MIB;
    expect((await partsOf(target, pack.uploadId!)).map(({ offset }) => offset)).not.toContain(damagedPart);
  });

  it('by being cut short or gone is never finished', async () => {
    await truncate(pack.path, bytes.length - 1);
    await expectKind(send(), 'corrupt');
    await rm(pack.path);
    await expectKind(send(), 'corrupt');
    expect(asked('CompleteMultipartUpload')).toBe(0);
  });

  it('after all its parts have arrived does no harm', async () => {
    drop('CompleteMultipartUpload', 'drop-before');
    await expectKind(send(), 'offline');
    await rm(pack.path);
    await expectStored(await send());
  });
});

it('survives any row of faults: stored once, and no part sent again that was known to have arrived', async () => {
  const operations = [
    'InitiateMultipartUpload',
    'UploadMultipartPart',
    'CompleteMultipartUpload',
    'ListParts',
  ] as const;
  const fault = fc.record({
    operation: fc.constantFrom(...operations),
    when: fc.constantFrom('drop-before', 'drop-after', 'before', 'after'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 8 }), async (faults) => {
      for (const { operation, when } of faults) {
        if (when === 'drop-before' || when === 'drop-after') simulator.failNext({ operation, when });
        else {
          const said = { status: 500, code: 'ServiceUnavailableException', message: 'M' };
          simulator.failNext({ operation, when, ...said });
        }
      }
      let archiveId: ArchiveId | undefined;
      for (let tries = 0; archiveId === undefined; tries++) {
        expect(tries).toBeLessThanOrEqual(faults.length);
        archiveId = await send({ mayHaveBegun: tries > 0 }).catch((error: unknown) => {
          if (error instanceof EngineError && error.kind === 'offline') return undefined;
          throw error;
        });
      }
      await expectStored(archiveId);
      expect(await archivesHeld()).toBe(1);
      expect(pack.unknown).toEqual([]);
      const lost = faults.filter(({ operation }) => operation === 'UploadMultipartPart').length;
      // Two parts are under way at once: a fault may cost the other one too.
      expect(asked('UploadMultipartPart')).toBeLessThanOrEqual(PARTS + 2 * lost);
      await tearDown();
      await setUp();
    }),
    { numRuns: 12 },
  );
});
