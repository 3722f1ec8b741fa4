/** The first half of a check: what the target lists against what the catalog says, and what follows from that. */
import type { CheckListing } from '../../../shared/checkTypes.ts';
import { replaceFindings, spareReads, updateCheck, type Finding } from '../catalog/checks.ts';
import { deletedPacks } from '../catalog/deadPacks.ts';
import type { PackKey } from '../catalog/ids.ts';
import type { InventoryRow } from '../catalog/inventories.ts';
import { listPacks, type PackRow } from '../catalog/packs.ts';
import { markListed, proofsOf, type Proof } from '../catalog/proofs.ts';
import { clearSuspect, forgetFilesIn, suspectPack, takeCopy } from '../catalog/suspects.ts';
import { getTarget, setKeysStored } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { parseDescription } from '../pack/description.ts';
import { hashFolderArchive, listFolderArchives } from '../target/folderArchives.ts';
import { inventoryPages, type FolderHoldings } from '../vaults/holdings.ts';
import type { CheckJob } from './checkJob.ts';
import { Comparison, LAG_MS, type Compared, type ExpectedPack, type ListingDate } from './compare.ts';

/** Waits for the listing where that takes its time, compares, and writes down what was found. */
export async function holdAgainst(job: CheckJob): Promise<void> {
  const { holdings } = job;
  if (holdings.kind === 'folder') {
    await job.betweenBackups(() => compareFolder(job, holdings));
    return;
  }
  const inventory = await holdings.inventory();
  await job.betweenBackups(() => compareInventory(job, inventory, holdings.service.now()));
}

interface KnownPack {
  readonly row: PackRow;
  readonly proof: Proof | undefined;
}

interface Known {
  readonly packs: ReadonlyMap<PackKey, KnownPack>;
  readonly expected: readonly ExpectedPack[];
  /** Uids of packs that are on their way, or of no more use. */
  readonly ignored: ReadonlySet<string>;
}

async function knownPacks({ catalog, targetRow }: CheckJob): Promise<Known> {
  const proofs = await proofsOf(catalog, targetRow.id);
  const packs = new Map<PackKey, KnownPack>();
  const expected: ExpectedPack[] = [];
  // A vault lists an archive for a day or two after it was deleted.
  const ignored = new Set(await deletedPacks(catalog, targetRow.id, 0));
  for (const row of await listPacks(catalog, { target: targetRow.id })) {
    const { id, uid, archiveId, size, treeHash, storedAt, state } = row;
    if ((state !== 'stored' && state !== 'suspect') || archiveId === null || storedAt === null) {
      ignored.add(uid);
      continue;
    }
    const proof = proofs.get(id);
    packs.set(id, { row, proof });
    const isDamaged = proof?.suspected === 'damaged' || proof?.suspected === 'gone';
    const listedAt = proof?.listedAt ?? null;
    expected.push({ id, uid, archiveId, size, treeHash, storedAt, listedAt, isDamaged });
  }
  return { packs, expected, ignored };
}

async function compareFolder(job: CheckJob, { dir }: FolderHoldings): Promise<void> {
  const known = await knownPacks(job);
  const own = new Set<string>(known.expected.map(({ archiveId }) => archiveId));
  const uids = new Set(known.expected.map(({ uid }) => uid));
  const comparison = new Comparison(known.expected, { takenAt: null, aheadMs: 0 }, known.ignored);
  for (const archive of await listFolderArchives(dir)) {
    const described = own.has(archive.archiveId) ? null : parseDescription(archive.description);
    // Only what may be a second copy is read: a folder tells no hashes.
    const mayBeCopy = described?.kind === 'pack' && uids.has(described.packId);
    const treeHash = mayBeCopy ? await hashFolderArchive(dir, archive.archiveId, job.signal) : null;
    comparison.see([{ ...archive, treeHash }]);
  }
  await writeDown(job, known, comparison.end(), { takenAt: null, aheadMs: 0 });
}

async function compareInventory(
  job: CheckJob,
  inventory: InventoryRow | null,
  serviceNow: number,
): Promise<void> {
  const known = await knownPacks(job);
  const takenAt = inventory?.takenAt ?? -Infinity;
  // An inventory cannot come from the future: whichever clock says more of how far ours is behind, it is believed.
  const aheadMs = Math.max(0, serviceNow - Date.now(), takenAt - Date.now());
  const date = { takenAt, aheadMs };
  const comparison = new Comparison(known.expected, date, known.ignored);
  if (inventory !== null)
    for await (const page of inventoryPages(job.catalog, inventory)) comparison.see(page);
  await writeDown(job, known, comparison.end(), date);
}

interface Consequences {
  readonly findings: readonly Finding[];
  readonly present: readonly PackKey[];
  readonly newer: number;
  /** Suspect until now, and there after all: as they are, or as a copy. */
  readonly cleared: readonly PackKey[];
  readonly copied: readonly Pick<Finding, 'pack' | 'archiveId'>[];
  readonly suspect: readonly { readonly pack: PackKey; readonly why: 'missing' | 'differs' }[];
}

function consequences(known: Known, { verdicts, extras }: Compared): Consequences {
  const findings: Finding[] = [];
  const present: PackKey[] = [];
  const cleared: PackKey[] = [];
  const copied: Pick<Finding, 'pack' | 'archiveId'>[] = [];
  const suspect: { pack: PackKey; why: 'missing' | 'differs' }[] = [];
  let newer = 0;
  for (const { id: pack, archiveId, size, isDamaged } of known.expected) {
    const verdict = verdicts.get(pack);
    const { row, proof } = known.packs.get(pack) ?? {};
    if (verdict === undefined || row === undefined) throw new RangeError('a pack without a verdict');
    const mayClear = proof?.suspected !== 'replaced';
    const isSuspect = row.state === 'suspect';
    switch (verdict.kind) {
      case 'present':
        present.push(pack);
        if (isSuspect && (proof?.suspected === 'missing' || proof?.suspected === 'differs'))
          cleared.push(pack);
        break;
      case 'newer':
        if (!isSuspect) newer++;
        else findings.push({ kind: 'missing', pack, archiveId, size, createdAt: null });
        break;
      case 'copied':
        present.push(pack);
        if (mayClear) copied.push({ pack, archiveId: verdict.copy.archiveId });
        break;
      case 'missing':
        suspect.push({ pack, why: 'missing' });
        findings.push({ kind: 'missing', pack, archiveId, size, createdAt: null });
        break;
      case 'differs':
        if (!isDamaged) suspect.push({ pack, why: 'differs' });
        findings.push({
          kind: proof?.suspected === 'damaged' ? 'damaged' : isDamaged ? 'missing' : 'differs',
          pack,
          archiveId,
          size,
          createdAt: verdict.listed.createdAt,
        });
    }
  }
  const whole = new Set([...copied.map(({ pack }) => pack), ...cleared]);
  for (const { pack, archive } of extras) {
    const isStored = known.packs.get(pack)?.row.state === 'stored' || whole.has(pack);
    const { archiveId, size, createdAt } = archive;
    if (isStored) findings.push({ kind: 'extra', pack, archiveId, size, createdAt });
  }
  return { findings, present, newer, cleared, copied, suspect };
}

async function writeDown(
  job: CheckJob,
  known: Known,
  compared: Compared,
  { takenAt }: ListingDate,
): Promise<void> {
  const { catalog, check, targetRow } = job;
  const { findings, present, newer, cleared, copied, suspect } = consequences(known, compared);
  const keySlots = await haveKeySlots(job, known, compared, takenAt);
  const newlySuspect = suspect.filter(({ pack }) => known.packs.get(pack)?.row.state === 'stored');
  const filesToStoreAgain = await forgetFilesIn(
    catalog,
    targetRow.id,
    newlySuspect.map(({ pack }) => pack),
  );
  const listing: CheckListing = {
    takenAt: takenAt === null || takenAt === -Infinity ? null : takenAt,
    present: present.length,
    newer,
    cleared: cleared.length + copied.length,
    extras: findings.filter(({ kind }) => kind === 'extra').length,
    strangers: compared.strangers,
    foreign: compared.foreign,
    keySlots,
    filesToStoreAgain,
  };
  await catalog.transaction(async (tx) => {
    for (const { pack, why } of suspect) await suspectPack(tx, pack, why);
    for (const pack of cleared) await clearSuspect(tx, pack);
    for (const { pack, archiveId } of copied) await takeCopy(tx, pack, archiveId);
    if (takenAt !== -Infinity) await markListed(tx, present, takenAt ?? Date.now());
    if (keySlots === false) await setKeysStored(tx, targetRow.id, 0);
    await replaceFindings(tx, check.id, ['missing', 'differs', 'damaged', 'extra'], findings);
    await spareReads(
      tx,
      check.id,
      suspect.map(({ pack }) => pack),
    );
    await updateCheck(tx, check.id, { listing });
  });
  crashpoint('check-compared');
}

/** They were stored before the first manifest, so a listing that should have that should have them. */
async function haveKeySlots(
  { catalog, targetRow }: CheckJob,
  { expected, packs }: Known,
  { keySlots, verdicts }: Compared,
  takenAt: number | null,
): Promise<boolean | null> {
  const row = await getTarget(catalog, targetRow.id);
  if (row === undefined) throw new RangeError('the target of a check is gone');
  if (keySlots.has(row.keysStored)) return true;
  if (row.keysStored === 0) return expected.length === 0 ? null : false;
  if (takenAt === null) return false;
  const isOld = expected.some(({ id }) => {
    const verdict = verdicts.get(id);
    if (verdict?.kind !== 'present' || packs.get(id)?.row.kind !== 'manifest') return false;
    return verdict.listed.createdAt + LAG_MS < takenAt;
  });
  return isOld ? false : null;
}
