/** Rows that tests need before they come to their point. */
import { createHash } from 'node:crypto';
import type { Catalog, Tx } from '../../../../src/main/engine/catalog/catalog.ts';
import type { PackKey, PlanId, SnapshotId, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import {
  addSealedPack,
  markStored,
  type PackIndex,
  type SealedPackFacts,
} from '../../../../src/main/engine/catalog/packs.ts';
import { addPlan } from '../../../../src/main/engine/catalog/plans.ts';
import {
  commitSnapshot,
  startSnapshot,
  type SnapshotTotals,
} from '../../../../src/main/engine/catalog/snapshots.ts';
import { addTarget, getTarget } from '../../../../src/main/engine/catalog/targets.ts';
import type { FileEntry, FolderEntry } from '../../../../src/main/engine/entry.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';

let counter = 0;

/** 32 hex digits, other ones each time. */
function nextUid(): string {
  return (++counter).toString(16).padStart(32, '0');
}

export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export async function sampleTarget(catalog: Catalog, name = 'disk'): Promise<TargetId> {
  return catalog.transaction((tx) =>
    addTarget(tx, {
      name,
      settings: { kind: 'folder', path: '/backup', create: false },
      packBytes: 2 ** 26,
      uid: nextUid(),
      createdAt: 1,
    }),
  );
}

export async function samplePlan(catalog: Catalog, target: TargetId, name = 'docs'): Promise<PlanId> {
  return catalog.transaction((tx) =>
    addPlan(tx, {
      name,
      uid: nextUid(),
      target,
      sources: [Buffer.from('/home')],
      excludes: [],
      createdAt: 1,
    }),
  );
}

export async function begin(catalog: Catalog, plan: PlanId): Promise<SnapshotId> {
  return catalog.transaction((tx) => startSnapshot(tx, { plan, uid: nextUid(), startedAt: 1 }));
}

const noTotals: SnapshotTotals = { files: 0, folders: 0, bytes: 0, newBytes: 0, storedBytes: 0 };

/** Stores an empty manifest and commits. */
export async function commit(
  catalog: Catalog,
  target: TargetId,
  snapshot: SnapshotId,
  totals = noTotals,
): Promise<PackKey> {
  return catalog.transaction(async (tx) => {
    const manifest = await storedPack(tx, { target, snapshot, kind: 'manifest', index: null });
    const epoch = ((await getTarget(tx, target))?.epoch ?? 0) + 1;
    const head = digest(`pack ${counter}`);
    await commitSnapshot(tx, snapshot, { endedAt: 2, epoch, manifest, head, totals });
    return manifest;
  });
}

export async function sealedPack(
  tx: Tx,
  facts: Pick<SealedPackFacts, 'target' | 'snapshot' | 'index'> & Partial<SealedPackFacts>,
): Promise<PackKey> {
  const uid = nextUid();
  return addSealedPack(tx, {
    uid,
    kind: 'data',
    run: null,
    size: 2 ** 20,
    header: Buffer.alloc(128, counter),
    treeHash: digest(`pack ${counter}`),
    keyEpoch: 1,
    rawBytes: 5,
    createdAt: 1,
    leaves: digest(`leaf ${counter}`),
    description: `a1.${uid}.sealed`,
    ...facts,
  });
}

export async function storedPack(tx: Tx, facts: Parameters<typeof sealedPack>[1]): Promise<PackKey> {
  const pack = await sealedPack(tx, facts);
  await markStored(tx, pack, `archive-${pack}` as ArchiveId, 3);
  return pack;
}

/** An index in which each of `numbers` has a frame of its own. */
export function plainIndex(numbers: readonly number[]): PackIndex {
  return {
    frames: numbers.map(() => ({ stored: 10, raw: 20, codec: 1 })),
    chunks: numbers.map((n, frame) => ({ id: chunkId(n), frame, offset: 0, length: 20 })),
    numbers,
  };
}

export function chunkId(number: number): Buffer {
  return digest(`chunk ${number}`);
}

export function file(name: string | Buffer, more: Partial<FileEntry> = {}): FileEntry {
  return {
    kind: 'file',
    name: Buffer.from(name),
    mode: 0o644,
    uid: 1000,
    gid: 1000,
    mtime: { s: 1_700_000_000, ns: 123_456_789 },
    size: 0,
    ctime: { s: 1_700_000_000, ns: 987_654_321 },
    ino: 4_000_000,
    inode: null,
    sparse: false,
    inconsistent: false,
    settled: true,
    content: { runs: new Uint32Array(), hash: digest('') },
    ...more,
  };
}

export function folder(name: string | Buffer, mode = 0o755): FolderEntry {
  return {
    kind: 'folder',
    name: Buffer.from(name),
    mode,
    uid: 1000,
    gid: 1000,
    mtime: { s: 1_700_000_000, ns: 0 },
  };
}
