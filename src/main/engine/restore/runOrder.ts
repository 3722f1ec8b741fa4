/**
 * Carries an order to its end, from wherever it was: the same calls after a fresh start and after a kill.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PackKey } from '../catalog/ids.ts';
import { listRetrievals } from '../catalog/retrievals.ts';
import { segmentsOf } from './ranges.ts';
import { loadLocalFiles, loadOrderProgress, saveOrderProgress } from '../catalog/orderProgress.ts';
import type { OrderRow } from '../catalog/orders.ts';
import type { PackRow } from '../catalog/packs.ts';
import { crashpoint } from '../crashpoint.ts';
import { prepareKey } from '../crypto.ts';
import type { SymlinkEntry } from '../entry.ts';
import { EngineError } from '../failure.ts';
import { extractPack, type SegmentSource } from './extract.ts';
import { changedHere, FileSink } from './fileSink.ts';
import { findLocalFiles, isMarked } from './localFiles.ts';
import { instantSource } from './instantSource.ts';
import type { OrderJob } from './orderJob.ts';
import type { OrderPlan, PackNeed } from './orderPlan.ts';
import type { OrderTally } from './orderTally.ts';
import { placesBelow } from './placesBelow.ts';
import { nextPack, requestAll } from './retrieve.ts';
import { SegmentStore } from './segmentStore.ts';
import { selected } from './select.ts';
import { openDestination, type TreeWriter } from './treeWriter.ts';
import { WritingPool } from './writing/writingPool.ts';

/** As many as pack. */
const MAX_THREADS = 4;
/** Folders made or finished between two turns of the event loop. */
const TURN_FOLDERS = 200;

/**
 * Resolves when everything that can be restored is there. Rejects with what stops it for now (network, disk, keys) or
 * for good; everything done so far stays done.
 * @param recordEnd writes down that the order has ended; called when all is on disk and before the sign that the
 *   folder is this order's is taken away, without which it could not be gone on with
 */
export async function runOrder(
  job: OrderJob,
  plan: OrderPlan,
  tally: OrderTally,
  recordEnd: () => Promise<void>,
): Promise<void> {
  const { order, catalog, profile } = job;
  const progress = await loadOrderProgress(catalog, order.id);
  const store = new SegmentStore(profile.restore, order.uid);
  if (job.hasBegun) assertStillThere(order);
  store.make();
  const writer = openDestination(Buffer.from(order.destination), {
    order: order.uid,
    avoid: [Buffer.from(profile.root)],
    ...order.wishes,
  });
  crashpoint('destination-taken');
  try {
    const extracted = new Set<PackKey>(progress?.packs);
    const placeOf = placesBelow(job.plan.sources, plan.folders);
    const sink = new FileSink({
      catalog,
      plan,
      writer,
      placeOf,
      // Ids are made with the key of the epoch in which a chunk was stored.
      idKeys: job.keys.all().map(({ id }) => prepareKey(id)),
      tally,
      progress,
    });
    const pool = new WritingPool({
      start: writer.shared,
      threads: Math.min(MAX_THREADS, availableParallelism()),
      onWritten: (written) => sink.take(written),
    });
    try {
      // First of all: what is refused here, for want of a right, leaves nothing behind.
      if (!job.target.traits.instantRead) await requestAll(job);
      await makeFolders(job, plan, writer, placeOf);
      await makeEmptyFiles(plan, sink);
      await copyLocalFiles(job, plan, sink, extracted);
      for (const file of plan.lost) sink.fail(file, lostPiece());
      await extractAll(job, plan, store, { sink, pool }, extracted);
      sink.failTheRest();
      await linkFiles(job, plan, sink, writer, placeOf, tally);
    } finally {
      await pool.close();
      sink.close();
    }
    await makeSymlinks(job, plan, writer, placeOf, tally);
    await writer.sync();
    await finishFolders(plan, writer, placeOf, tally);
    await writer.sync();
    await recordEnd();
    await writer.end();
    crashpoint('order-signed-off');
    store.clear();
  } catch (error) {
    writer.close();
    throw error;
  }
}

async function makeFolders(
  job: OrderJob,
  plan: OrderPlan,
  writer: TreeWriter,
  placeOf: (folder: number) => readonly Buffer[],
): Promise<void> {
  for (let folder = 1; folder <= plan.folders.count; folder++) {
    writer.makeFolder(placeOf(folder));
    if (folder % TURN_FOLDERS !== 0) continue;
    job.signal.throwIfAborted();
    await nextTurn();
  }
}

async function makeEmptyFiles(plan: OrderPlan, sink: FileSink): Promise<void> {
  for (let file = 0; file < plan.files.count; file++) {
    if (plan.files.sizeOf(file) > 0) continue;
    await sink.putEmpty(file);
  }
  await sink.flush();
}

/** Nobody has to be asked for these. */
async function copyLocalFiles(
  job: OrderJob,
  plan: OrderPlan,
  sink: FileSink,
  extracted: ReadonlySet<PackKey>,
): Promise<void> {
  const { catalog, order, signal } = job;
  const local = await loadLocalFiles(catalog, order.id);
  if (local === null) return;
  const isWanted = (file: number): boolean => isMarked(local, file) && !sink.isDone(file);
  const found = await findLocalFiles(catalog, plan, isWanted);
  for (let file = 0; file < plan.files.count; file++) {
    if (!isWanted(file)) continue;
    signal.throwIfAborted();
    const from = found.get(file);
    if (from === undefined) sink.fail(file, changedHere());
    else await sink.putLocal(file, from);
    job.onProgress();
  }
  await sink.flush();
  const progress = { files: sink.done, packs: [...extracted], setbacks: sink.setbacks };
  await catalog.transaction((tx) => saveOrderProgress(tx, order.id, progress));
}

/** Where pieces go, and who writes them. */
interface Writing {
  readonly sink: FileSink;
  readonly pool: WritingPool;
}

async function extractAll(
  job: OrderJob,
  plan: OrderPlan,
  store: SegmentStore,
  writing: Writing,
  extracted: Set<PackKey>,
): Promise<void> {
  const { sink } = writing;
  const needs = new Map(plan.packs.map((need) => [need.pack.id, need]));
  for (const need of plan.packs) {
    if (extracted.has(need.pack.id)) need.placements.eachFile((file) => sink.skip(file));
  }
  const finished = async (pack: PackRow, isWhole: boolean): Promise<void> => {
    await sink.flush();
    extracted.add(pack.id);
    const progress = { files: sink.done, packs: [...extracted], setbacks: sink.setbacks };
    await job.catalog.transaction((tx) => saveOrderProgress(tx, job.order.id, progress));
    crashpoint('pack-extracted');
    await leaveSegments(job, store, pack, isWhole);
    crashpoint('segments-removed');
    job.onProgress();
  };
  if (job.target.traits.instantRead) {
    await job.onState('downloading');
    for (const need of plan.packs) {
      if (extracted.has(need.pack.id)) continue;
      await extractOne(job, need, instantSource(job, need.pack), writing);
      await finished(need.pack, false);
    }
  } else {
    for (let next = await nextPack(job, store, extracted); next !== null;) {
      const need = needs.get(next.pack.id);
      const before = sink.failed;
      if (next.trouble === null) await extractStored(job, store, need, next.pack, writing);
      else failAll(need, sink, next.trouble);
      await finished(next.pack, sink.failed === before);
      next = await nextPack(job, store, extracted);
    }
  }
}

/** What was retrieved and opened is kept for the next order, if that may be. */
async function leaveSegments(
  job: OrderJob,
  store: SegmentStore,
  pack: PackRow,
  isWhole: boolean,
): Promise<void> {
  if (job.kept === null || !isWhole) {
    store.remove(pack.uid);
    return;
  }
  const rows = await listRetrievals(job.catalog, job.order.id, ['fetched']);
  const ranges = rows.filter((row) => row.pack === pack.id).map(({ range }) => segmentsOf(range, pack));
  await job.kept.take(store, pack, ranges);
}

async function extractStored(
  job: OrderJob,
  store: SegmentStore,
  need: PackNeed | undefined,
  pack: PackRow,
  writing: Writing,
): Promise<void> {
  if (need === undefined) return;
  const source = await store.openForReading(pack.uid);
  try {
    await extractOne(job, need, source, writing);
  } finally {
    await source.close();
  }
}

/** A pack whose header does not open costs its files, like one that is damaged inside. */
async function extractOne(
  job: OrderJob,
  need: PackNeed,
  source: SegmentSource,
  writing: Writing,
): Promise<void> {
  const { catalog, signal } = job;
  const keys = job.keys.ofEpoch(need.pack.keyEpoch);
  try {
    await extractPack({ catalog, keys, need, source, signal, ...writing });
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
    failAll(need, writing.sink, error);
  }
}

function failAll(need: PackNeed | undefined, sink: FileSink, reason: EngineError): void {
  need?.placements.eachFile((file) => sink.fail(file, reason));
}

/** A folder in the place of one that was begun (a disk that is not connected) would pass for all that was restored. */
function assertStillThere(order: OrderRow): void {
  if (existsSync(join(order.destination, `.permafrost-${order.uid}`))) return;
  throw new EngineError(
    'not-found',
    `The folder ${order.destination}, to which this restore was writing, is not there.`,
    'Connect the disk it lies on and carry the restore on, or cancel it and order again.',
    { safe: 'What was retrieved for it is kept.' },
  );
}

async function linkFiles(
  job: OrderJob,
  plan: OrderPlan,
  sink: FileSink,
  writer: TreeWriter,
  placeOf: (folder: number) => readonly Buffer[],
  tally: OrderTally,
): Promise<void> {
  for (const [i, { file, folder, name }] of plan.hardLinks.entries()) {
    if (i % TURN_FOLDERS === 0) {
      job.signal.throwIfAborted();
      await nextTurn();
    }
    const names = [...placeOf(folder), name];
    const path = names.map(String).join('/');
    const source = await sink.placedFile(file);
    if (source === null) {
      tally.failed(path, 'The file of which this is a further name could not be restored.');
      continue;
    }
    const result = writer.linkFile(names, source);
    if (result.state === 'failed') tally.failed(path, result.failure.message);
    else tally.restored(plan.files.sizeOf(file));
  }
}

/** Last of all names: nothing is opened by name once links exist. */
async function makeSymlinks(
  job: OrderJob,
  plan: OrderPlan,
  writer: TreeWriter,
  placeOf: (folder: number) => readonly Buffer[],
  tally: OrderTally,
): Promise<void> {
  if (plan.symlinks === 0) return;
  for await (const { names, entries } of selected(job.catalog, plan.selection)) {
    for (const entry of entries) {
      if (entry.kind !== 'symlink') continue;
      makeSymlink(entry, [...placeOf(plan.folders.numberOf(names)), entry.name], writer, tally);
    }
    job.signal.throwIfAborted();
    await nextTurn();
  }
}

function makeSymlink(
  entry: SymlinkEntry,
  names: readonly Buffer[],
  writer: TreeWriter,
  tally: OrderTally,
): void {
  const path = names.map(String).join('/');
  const result = writer.makeSymlink(names, entry.to, entry);
  if (result.state === 'failed') {
    tally.failed(path, result.failure.message);
    return;
  }
  tally.restored(0);
  if (result.state === 'metadata-problems') tally.metadataProblems(path, result.problems);
  if (result.placed.renamed) tally.renamed(path, result.placed.name);
}

/** A parent's number is below its children's: from the last to the first is deepest first. */
async function finishFolders(
  plan: OrderPlan,
  writer: TreeWriter,
  placeOf: (folder: number) => readonly Buffer[],
  tally: OrderTally,
): Promise<void> {
  for (let folder = plan.folders.count; folder > 0; folder--) {
    const entry = plan.folders.entryOf(folder);
    if (entry === undefined) continue;
    const names = placeOf(folder);
    const problems = writer.finishFolder(names, entry);
    if (problems.length > 0) tally.metadataProblems(names.map(String).join('/'), problems);
    if (folder % TURN_FOLDERS === 0) await nextTurn();
  }
}

function lostPiece(): EngineError {
  return new EngineError(
    'corrupt',
    'A piece of this file is in no archive that the catalog knows.',
    'Restore it from another snapshot.',
  );
}
