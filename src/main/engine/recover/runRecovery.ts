/**
 * One recovery, from its row to its end: what the target lists, the key slots in it, then the records of the snapshots, from
 * which the catalog is filled. It begins anywhere after a restart; what is here is not fetched again.
 *
 * Everything that can be asked for together is, so that hours pass as seldom as possible: a kit names a catalog copy, which
 * is asked for beside the inventory; without one the copy and the manifests after it come together.
 */
import { readFileSync } from 'node:fs';
import type { RecoveryOutcome, RecoveryResult } from '../../../shared/recoveryTypes.ts';
import { importTarget, isEmptyOfHistory } from '../catalog/copy.ts';
import { newestInventory } from '../catalog/inventories.ts';
import { forgetAbsentPacks, reviveDeadPacks } from '../catalog/deadPacks.ts';
import { forgetTold } from '../catalog/forgetting.ts';
import type { PackKey } from '../catalog/ids.ts';
import { buryUnneeded } from '../catalog/needed.ts';
import { addFoundPack, findPack, listPacks, type PackRow } from '../catalog/packs.ts';
import { listPlans, takePlan } from '../catalog/plans.ts';
import { foundTotals, knownSnapshots } from '../catalog/rebuilding.ts';
import {
  addRecoveryArchives,
  getRecovery,
  recoveryArchives,
  updateRecovery,
  updateRecoveryArchive,
  type NewRecoveryArchive,
  type RecoveryArchiveRow,
  type RecoveryRole,
} from '../catalog/recoveries.ts';
import { suspectPack } from '../catalog/suspects.ts';
import { matchTombstones } from '../catalog/tombstones.ts';
import { setKeysStored } from '../catalog/targets.ts';
import { LAG_MS } from '../check/compare.ts';
import { estimate } from '../cost/estimate.ts';
import { crashpoint } from '../crashpoint.ts';
import { randomBytes } from '../crypto.ts';
import { readManifest } from '../backup/manifest.ts';
import { EngineError } from '../failure.ts';
import { describeKeySlots } from '../pack/description.ts';
import { PackFile } from '../pack/packFile.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import { pricesOf } from '../restore/quote.ts';
import { hashFolderArchive, listFolderArchives } from '../target/folderArchives.ts';
import { inventoryPages } from '../vaults/holdings.ts';
import {
  chooseRecords,
  openListing,
  sortListing,
  type KnownPack,
  type ListedArchive,
  type OpenedListing,
  type SortedListing,
} from './chooseRecords.ts';
import { copyToFile } from './copyToFile.ts';
import { askForArchives, fetchArchives, storedName } from './fetchArchives.ts';
import { orderManifests } from './orderManifests.ts';
import { Rebuild, type FoundManifest } from './rebuild.ts';
import type { RecoverJob } from './recoverJob.ts';

/** Generations of key slots that are fetched: the newest ones, of which one should open. */
const MAX_SLOTS = 4;
/** What is fetched of the end of a pack to learn what is in it. Holds the index of nearly every pack. */
const TAIL_BYTES = 2 * SEGMENT_BYTES;
/** A pack up to this long is fetched whole. */
const WHOLE_BYTES = 4 * SEGMENT_BYTES;

/** Resolves to how it ended, or to `locked`: then it goes on once the keys are open. Rejects with what keeps it from going on. */
export async function runRecovery(job: RecoverJob): Promise<RecoveryOutcome | 'locked'> {
  if (job.recovery.step === 'locked' && job.keys.state === 'open') await step(job, 'records');
  await askForKitCopies(job);
  const { listing, takenAt } = await takeListing(job);
  if (job.keys.state === 'new') await bringKeys(job, listing);
  await job.keys.unlockOffered();
  if (job.keys.state === 'open') await job.onOpened();
  if (job.keys.state !== 'open') {
    await job.catalog.transaction((tx) => updateRecovery(tx, job.recovery.id, { step: 'locked' }));
    return 'locked';
  }
  await step(job, 'records');
  const opened = openListing(listing.packs, job.keys.all());
  refuseStrangers(job, listing, opened);
  if (job.keys.isFromKit) await wantSlots(job, listing);
  await bringCopy(job, opened);
  const rebuilding = await bringManifests(job, opened);
  await fillGaps(job, opened, rebuilding);
  await addSnapshots(job, rebuilding);
  return settle(job, { listing, opened, takenAt }, rebuilding);
}

async function askForKitCopies(job: RecoverJob): Promise<void> {
  const { catalog, recovery } = job;
  const { copies } = recovery.wanted;
  if (copies.length === 0 || job.holdings.kind !== 'vault') return;
  const archives = copies.map((archiveId) => ({
    role: 'copy' as const,
    archiveId,
    range: null,
    description: '',
    size: 0,
    treeHash: null,
    createdAt: recovery.createdAt,
  }));
  await catalog.transaction((tx) => addRecoveryArchives(tx, recovery.id, archives));
  await askForArchives(job, ['copy']);
}

async function takeListing(
  job: RecoverJob,
): Promise<{ readonly listing: SortedListing; readonly takenAt: number | null }> {
  const { holdings, catalog, recovery } = job;
  const archives: ListedArchive[] = [];
  let takenAt: number | null = null;
  if (holdings.kind === 'folder') {
    for (const archive of await listFolderArchives(holdings.dir))
      archives.push({ ...archive, treeHash: null });
  } else {
    const kept = recovery.listing === null ? undefined : await newestInventory(catalog, holdings.place);
    const inventory = kept ?? (await holdings.inventory());
    if (inventory === null) throw noInventoryYet(job);
    takenAt = inventory.takenAt;
    for await (const page of inventoryPages(catalog, inventory)) archives.push(...page);
  }
  const listing = sortListing(archives);
  const { packs, slots, foreign } = listing;
  const bytes = packs.reduce((sum, { archive }) => sum + archive.size, 0);
  const facts = { takenAt, archives: packs.length + slots.length, bytes, foreign };
  await catalog.transaction((tx) => updateRecovery(tx, recovery.id, { listing: facts }));
  await job.onChange();
  if (packs.length === 0) throw nothingThere(job, foreign);
  return { listing, takenAt };
}

async function bringKeys(job: RecoverJob, listing: SortedListing): Promise<void> {
  await step(job, 'keys');
  await wantSlots(job, listing);
  await fetchArchives(job, ['slots'], 'keys');
  job.keys.adopt(await slotsHere(job));
}

async function wantSlots(job: RecoverJob, { slots }: SortedListing): Promise<void> {
  await want(
    job,
    slots.slice(0, MAX_SLOTS).map((archive) => ({ ...archive, role: 'slots', range: null })),
  );
}

async function slotsHere({ catalog, recovery, store }: RecoverJob): Promise<readonly Buffer[]> {
  const rows = await recoveryArchives(catalog, recovery.id, 'slots');
  return rows
    .filter(({ state }) => state === 'fetched')
    .map((row) => readFileSync(store.path(storedName(row))));
}

/** Notes what is to be fetched, if what that costs together is within what may be spent. */
async function want(job: RecoverJob, archives: readonly NewRecoveryArchive[]): Promise<void> {
  const { catalog, recovery, targetRow } = job;
  await catalog.transaction((tx) => addRecoveryArchives(tx, recovery.id, archives));
  const rows = await recoveryArchives(catalog, recovery.id);
  const act = {
    kind: 'restore',
    tier: recovery.wanted.tier,
    bytes: rows.reduce((sum, row) => sum + bytesOf(row), 0),
    retrievals: rows.length,
  } as const;
  const price = estimate(act, pricesOf(targetRow));
  await catalog.transaction((tx) => updateRecovery(tx, recovery.id, { estimate: price }));
  await job.onChange();
  const { wanted = recovery.wanted } = (await getRecovery(catalog, recovery.id)) ?? {};
  if (price.usd <= wanted.maxUsd) return;
  throw new EngineError(
    'conflict',
    `To go on, ${rows.length} archives have to be retrieved, for about $${price.usd.toFixed(2)} in all; $${wanted.maxUsd.toFixed(2)} may be spent.`,
    `Allow more: permafrost recover --max-cost ${(Math.ceil(price.usd * 100) / 100).toFixed(2)}.`,
    { safe: 'Nothing of it was asked for yet.' },
  );
}

function bytesOf({ range, size }: Pick<RecoveryArchiveRow, 'range' | 'size'>): number {
  return range === null ? size : range.end - range.first;
}

/** Fetches a copy of the catalog and takes it in; without one that can be read there are still the manifests. */
async function bringCopy(job: RecoverJob, opened: OpenedListing): Promise<void> {
  const { catalog, recovery, store } = job;
  for (;;) {
    const rows = await recoveryArchives(catalog, recovery.id, 'copy');
    if (rows.some(({ state }) => state === 'read')) return;
    if (!(await isEmptyOfHistory(catalog))) return;
    if (!rows.some(({ state }) => state !== 'lost')) {
      const { copy, manifests } = chooseRecords(opened, true, unreadable(rows, opened));
      if (copy === null) return;
      // What comes after the copy is asked for with it: the hours of both pass together.
      await want(job, [
        recordOf('copy', copy),
        ...manifests.map((manifest) => recordOf('manifest', manifest)),
      ]);
      await askForArchives(job, ['copy', 'manifest']);
    }
    await fetchArchives(job, ['copy'], 'records');
    const copies = await recoveryArchives(catalog, recovery.id, 'copy');
    const fetched = copies.find(({ state }) => state === 'fetched');
    if (fetched === undefined) continue;
    const file = store.path(`copy-${fetched.id}.db`);
    try {
      const pack = PackFile.open(store.path(storedName(fetched)), fetched.size, keysOf(job));
      try {
        if (pack.tail.trailer.kind !== 'catalog') throw notOfKind();
        await copyToFile(pack, file);
      } finally {
        pack.close();
      }
      await importTarget(catalog, job.targetRow.id, file, (tx) =>
        updateRecoveryArchive(tx, fetched.id, { state: 'read' }),
      );
      crashpoint('rebuild-copied');
      await job.onChange();
      return;
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
      const { message } = error;
      await catalog.transaction((tx) =>
        updateRecoveryArchive(tx, fetched.id, { state: 'lost', error: message }),
      );
    }
  }
}

/** Packs of copies that were fetched in vain. */
function unreadable(rows: readonly RecoveryArchiveRow[], { copies }: OpenedListing): ReadonlySet<string> {
  const lost = new Set(rows.filter(({ state }) => state === 'lost').map(({ archiveId }) => archiveId));
  return new Set(
    copies.filter(({ archive }) => lost.has(archive.archiveId)).map(({ described }) => described.packId),
  );
}

function recordOf(role: RecoveryRole, { archive }: KnownPack): NewRecoveryArchive {
  return { ...archive, role, range: null };
}

interface Rebuilding {
  readonly rebuild: Rebuild;
  /** Packs that were to be deleted. */
  readonly revived: number;
  manifests: readonly FoundManifest[];
  /** Whose archive could not be had or read. */
  lost: number;
}

/** Fetches every manifest that no copy spares, and records the packs that they tell of. */
async function bringManifests(job: RecoverJob, opened: OpenedListing): Promise<Rebuilding> {
  const { catalog, recovery, targetRow } = job;
  const unknown: KnownPack[] = [];
  for (const manifest of chooseRecords({ ...opened, copies: [] }, false).manifests) {
    const known = await findPack(catalog, manifest.described.packId);
    // A copy tells its own writer's manifests; those of a copy that was read need no fetching.
    if (known === undefined || known.snapshot === null) unknown.push(manifest);
  }
  await want(
    job,
    unknown.map((manifest) => recordOf('manifest', manifest)),
  );
  await fetchArchives(job, ['manifest', 'slots'], 'records');
  if (job.keys.isFromKit) await job.keys.upgrade(await slotsHere(job));
  const byArchive = new Map(unknown.map((manifest) => [manifest.archive.archiveId, manifest]));
  const manifests: FoundManifest[] = [];
  let lost = 0;
  for (const row of await recoveryArchives(catalog, recovery.id, 'manifest')) {
    const known = byArchive.get(row.archiveId);
    if (known === undefined) continue;
    const found = row.state === 'lost' ? null : await readHead(job, row, known);
    if (found === null) lost++;
    else manifests.push(found);
  }
  const listed = new Map(opened.data.map((pack) => [pack.described.packId, pack]));
  const revived = await catalog.transaction((tx) => reviveDeadPacks(tx, targetRow.id));
  const rebuild = await Rebuild.begin({ catalog, target: targetRow.id, listed, signal: job.signal });
  const { superseded } = await ordered(job, manifests);
  const sound: FoundManifest[] = [];
  for (const manifest of manifests) {
    const isSound = await orLost(job, manifest, () =>
      rebuild.addPacks(manifest, superseded.includes(manifest)),
    );
    if (isSound) sound.push(manifest);
    else lost++;
    crashpoint('rebuild-packed');
  }
  return { rebuild, manifests: sound, lost, revived };
}

/** Null for an archive that is no manifest that can be read. */
async function readHead(
  job: RecoverJob,
  row: RecoveryArchiveRow,
  known: KnownPack,
): Promise<FoundManifest | null> {
  const path = job.store.path(storedName(row));
  const open = () => PackFile.open(path, row.size, keysOf(job));
  try {
    const file = open();
    try {
      if (file.tail.trailer.kind !== 'manifest' || file.header.packId !== known.described.packId)
        throw notOfKind();
      const [head] = readManifest(file.chunks());
      if (head?.kind !== 'head' || head.writer !== file.header.writer.toString('hex')) throw notOfKind();
      const treeHash = job.store.treeHash(storedName(row), row.size).toString('hex');
      const { snapshot, base, parent, writer, epoch, previous, endedAt } = head;
      const facts = { snapshot, base, parent, writer, epoch, previous, endedAt, treeHash };
      return { ...facts, pack: known.described.packId, known, head, open };
    } finally {
      file.close();
    }
  } catch (error) {
    await noteLost(job, row, error);
    return null;
  }
}

async function orLost(job: RecoverJob, manifest: FoundManifest, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    const rows = await recoveryArchives(job.catalog, job.recovery.id, 'manifest');
    const row = rows.find(({ archiveId }) => archiveId === manifest.known.archive.archiveId);
    if (row === undefined) throw error;
    await noteLost(job, row, error);
    return false;
  }
}

async function noteLost({ catalog }: RecoverJob, row: RecoveryArchiveRow, error: unknown): Promise<void> {
  if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
  const { message } = error;
  await catalog.transaction((tx) => updateRecoveryArchive(tx, row.id, { state: 'lost', error: message }));
}

async function ordered(job: RecoverJob, manifests: readonly FoundManifest[]) {
  const uids = manifests.flatMap(({ snapshot, parent }) =>
    parent === null ? [snapshot] : [snapshot, parent],
  );
  const known = await knownSnapshots(job.catalog, uids);
  return orderManifests(manifests, new Set(known.keys()));
}

/**
 * Where files need what no record tells of, the packs that nobody told of are asked themselves: their header and their tail
 * say what is in them. So they are where no record at all can be read: then a backup of the same files finds them again.
 */
async function fillGaps(job: RecoverJob, opened: OpenedListing, rebuilding: Rebuilding): Promise<void> {
  const { catalog, recovery, store } = job;
  const { rebuild } = rebuilding;
  const untold: KnownPack[] = [];
  for (const pack of opened.data)
    if ((await findPack(catalog, pack.described.packId)) === undefined) untold.push(pack);
  if (untold.length === 0 || !(await isWanting(job, rebuilding))) return;
  await step(job, 'gaps');
  await want(
    job,
    untold.flatMap((pack) => endsOf(pack)),
  );
  await fetchArchives(job, ['head', 'tail'], 'gaps');
  const rows = await recoveryArchives(catalog, recovery.id);
  for (const pack of untold) {
    const own = rows.filter(({ archiveId }) => archiveId === pack.archive.archiveId);
    const [first] = own;
    if (first === undefined || own.some(({ state }) => state !== 'fetched')) continue;
    try {
      const file = PackFile.open(store.path(storedName(first)), pack.archive.size, keysOf(job));
      try {
        await rebuild.addSelfTold(pack, file, pack.archive.treeHash ?? (await hashOf(job, pack)));
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
    }
  }
  await step(job, 'records');
}

async function isWanting(job: RecoverJob, { rebuild, manifests }: Rebuilding): Promise<boolean> {
  if (manifests.length === 0 && (await foundTotals(job.catalog, job.targetRow.id)).snapshots === 0)
    return true;
  for (const manifest of (await ordered(job, manifests)).apply)
    if (!rebuild.isForgotten(manifest.snapshot) && (await rebuild.countMissing(manifest)) > 0) return true;
  return false;
}

function endsOf({ archive }: KnownPack): readonly NewRecoveryArchive[] {
  const { size } = archive;
  if (size <= WHOLE_BYTES) return [{ ...archive, role: 'tail', range: null }];
  return [
    { ...archive, role: 'head', range: { first: 0, end: SEGMENT_BYTES } },
    { ...archive, role: 'tail', range: { first: size - TAIL_BYTES, end: size } },
  ];
}

async function hashOf({ holdings, signal }: RecoverJob, { archive }: KnownPack): Promise<Buffer> {
  const hash =
    holdings.kind === 'folder' ? await hashFolderArchive(holdings.dir, archive.archiveId, signal) : null;
  return hash ?? Buffer.alloc(32);
}

/** Snapshot after snapshot; one whose record turns out to be damaged takes those with it that build on it. */
async function addSnapshots(job: RecoverJob, rebuilding: Rebuilding): Promise<void> {
  const { rebuild } = rebuilding;
  let sound = rebuilding.manifests;
  for (let isOver = false; !isOver;) {
    isOver = true;
    for (const next of (await ordered(job, sound)).apply) {
      job.signal.throwIfAborted();
      const isSound = await orLost(job, next, () => rebuild.addSnapshot(next));
      crashpoint('rebuild-snapshot');
      await job.onChange();
      if (isSound) continue;
      sound = sound.filter((manifest) => manifest !== next);
      rebuilding.lost++;
      isOver = false;
      break;
    }
  }
  rebuilding.manifests = sound;
}

interface Found {
  readonly listing: SortedListing;
  readonly opened: OpenedListing;
  readonly takenAt: number | null;
}

/** What remains to be told and noted when everything that can be had is there. */
async function settle(job: RecoverJob, found: Found, rebuilding: Rebuilding): Promise<RecoveryOutcome> {
  const { catalog, recovery, targetRow, keys, formerWriter } = job;
  await letGo(job, found, rebuilding);
  const packsMissing = await suspectUnlisted(job, found);
  await noteCopies(job, found.opened);
  const { generation } = keys.slots();
  const hasSlots = found.listing.slots.some(
    ({ description }) => description === describeKeySlots(generation),
  );
  await catalog.transaction(async (tx) => {
    if (hasSlots) await setKeysStored(tx, targetRow.id, generation);
    for (const { id, writer } of await listPlans(tx))
      if (writer !== null && writer === formerWriter) await takePlan(tx, id, randomBytes(16).toString('hex'));
  });
  const rows = await recoveryArchives(catalog, recovery.id);
  const { orphaned } = await ordered(job, rebuilding.manifests);
  const result: RecoveryResult = {
    ...(await foundTotals(catalog, targetRow.id)),
    snapshotsLost:
      orphaned.filter(({ snapshot }) => !rebuilding.rebuild.isForgotten(snapshot)).length + rebuilding.lost,
    packsMissing,
    filesIncomplete: await rebuilding.rebuild.countIncomplete(),
    bytesRead: rows.reduce((sum, row) => sum + (row.state === 'lost' ? 0 : bytesOf(row)), 0),
  };
  await catalog.transaction((tx) => updateRecovery(tx, recovery.id, { result }));
  const { snapshots, snapshotsLost, filesIncomplete } = result;
  const isWhole = snapshotsLost + packsMissing + filesIncomplete === 0;
  return isWhole && snapshots > 0 ? 'done' : 'problems';
}

/** Snapshots that the records tell to be forgotten go, and with them what was deleted at the target since. */
async function letGo(job: RecoverJob, found: Found, { manifests, revived }: Rebuilding): Promise<void> {
  const { catalog, targetRow } = job;
  const target = targetRow.id;
  const told: [string, PackKey][] = [];
  for (const { snapshot, pack } of manifests) {
    const row = await findPack(catalog, pack);
    if (row !== undefined) told.push([snapshot, row.id]);
  }
  const isAny = await catalog.transaction(async (tx) => {
    await matchTombstones(tx, target, told);
    return forgetTold(tx, target, Date.now());
  });
  // A pack that is not there any more may be one that was told, died, and was deleted.
  const gone = unlisted(found, await listPacks(catalog, { target, states: ['stored'] }));
  if (!isAny && gone.length + revived === 0) return;
  await buryUnneeded(catalog, target, Date.now());
  const absent = unlisted(found, await listPacks(catalog, { target, states: ['dead'] }));
  await catalog.transaction((tx) =>
    forgetAbsentPacks(
      tx,
      absent.map(({ id }) => id),
    ),
  );
  crashpoint('rebuild-forgotten');
}

/** Those that the target surely would list. */
function unlisted({ listing, takenAt }: Found, packs: readonly PackRow[]): readonly PackRow[] {
  const there = new Set(listing.packs.map(({ archive }) => archive.archiveId as string));
  return packs.filter(({ archiveId, storedAt }) => {
    const isOld = takenAt === null || (storedAt ?? 0) + LAG_MS < takenAt;
    return archiveId !== null && !there.has(archiveId) && isOld;
  });
}

/** Packs that records tell of and that the target does not have; of older catalog copies nobody has a use. */
async function suspectUnlisted({ catalog, targetRow }: RecoverJob, found: Found): Promise<number> {
  const absent = unlisted(found, await listPacks(catalog, { target: targetRow.id, states: ['stored'] }));
  const copies = absent.filter(({ kind }) => kind === 'catalog').map(({ id }) => id);
  await catalog.transaction((tx) => forgetAbsentPacks(tx, copies));
  const missing = absent.filter(({ kind }) => kind !== 'catalog');
  for (const { id } of missing) await catalog.transaction((tx) => suspectPack(tx, id, 'missing'));
  return missing.length;
}

/** Copies that were not read are known all the same: they can be checked, and deleted one day. */
async function noteCopies(job: RecoverJob, { copies }: OpenedListing): Promise<void> {
  const { catalog, targetRow } = job;
  for (const copy of copies) {
    const { archive, described } = copy;
    if ((await findPack(catalog, described.packId)) !== undefined) continue;
    const treeHash = archive.treeHash ?? (await hashOf(job, copy));
    await catalog.transaction((tx) =>
      addFoundPack(tx, {
        uid: described.packId,
        target: targetRow.id,
        kind: 'catalog',
        snapshot: null,
        size: archive.size,
        // Nobody reads a copy by the header that is kept here: it lies in the archive as well.
        header: Buffer.alloc(128),
        treeHash,
        keyEpoch: described.keyEpoch,
        rawBytes: 0,
        createdAt: described.createdAt,
        archiveId: archive.archiveId,
        storedAt: archive.createdAt,
        toldBy: null,
        index: null,
      }),
    );
  }
}

function keysOf({ keys }: RecoverJob) {
  return (epoch: number) => {
    try {
      return keys.ofEpoch(epoch);
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'not-found') throw notOfKind();
      throw error;
    }
  };
}

async function step(
  { catalog, recovery, onChange }: RecoverJob,
  next: 'keys' | 'records' | 'gaps',
): Promise<void> {
  await catalog.transaction((tx) => updateRecovery(tx, recovery.id, { step: next }));
  await onChange();
}

function notOfKind(): EngineError {
  return new EngineError(
    'corrupt',
    'An archive is not what its description says.',
    'It is left alone; another record may tell the same.',
  );
}

function refuseStrangers(job: RecoverJob, listing: SortedListing, opened: OpenedListing): void {
  if (opened.manifests.length + opened.copies.length + opened.data.length > 0) return;
  throw new EngineError(
    'not-found',
    `None of the ${listing.packs.length} archives at ${job.targetRow.name} was sealed with these keys.`,
    'Check that it is the right vault or folder, and the passphrase that belongs to it.',
    { safe: 'Nothing was changed there.' },
  );
}

function nothingThere({ targetRow }: RecoverJob, foreign: number): EngineError {
  const others = foreign > 0 ? `, though ${foreign} of other programs` : '';
  return new EngineError(
    'not-found',
    `There are no archives of Permafrost at ${targetRow.name}${others}.`,
    'Check the vault, region or folder. What was stored within the last day or two may not be listed yet.',
    { safe: 'Nothing was changed there.' },
  );
}

function noInventoryYet({ targetRow }: RecoverJob): EngineError {
  return new EngineError(
    'not-found',
    `The service has taken no inventory of ${targetRow.name} yet; it takes one about once a day.`,
    'Carry the recovery on tomorrow: permafrost recover.',
    { safe: 'The archives are there all the same.' },
  );
}
