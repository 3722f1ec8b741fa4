/**
 * Gets an inventory: asks for the job, waits for it, and keeps what it lists.
 *
 * The output is read as it arrives and goes into the catalog a few thousand rows at a time, so neither memory nor a
 * scratch file grows with the vault; it counts once all of it is there and as long as the service says. A try that
 * fails in between leaves rows that count for nothing and are cleared by the next.
 */
import { carryDeletions } from '../catalog/deletions.ts';
import type { VaultJobKey } from '../catalog/ids.ts';
import {
  beginInventory,
  forgetInventory,
  type InventoryPlace,
  keepInventory,
  uselessInventories,
  WHOLE,
} from '../catalog/inventories.ts';
import {
  addInventoryArchives,
  dropInventoryArchives,
  type InventoryArchive,
  sumInventoryArchives,
} from '../catalog/inventoryArchives.ts';
import { BATCH_ROWS } from '../catalog/bulk.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { InventoryKey } from '../catalog/ids.ts';
import { EngineError } from '../failure.ts';
import type { InventoryAsked, VaultJob } from '../target/service.ts';
import type { ArchiveId } from '../target/target.ts';
import { readArchiveName } from './archiveName.ts';
import { ended, type Errand, type ErrandEnd, type Shown } from './errand.ts';
import { type ListedArchive, readInventory } from './inventoryReader.ts';

export interface InventoryWanted {
  readonly asked: InventoryAsked;
  /** When the service took the inventory that is meant, epoch ms. A newer one is another wish. */
  readonly of: number;
}

export interface InventoryProgress {
  readonly job: VaultJobKey | null;
  readonly shown: Shown;
}

export type InventoryErrand = Errand<InventoryWanted, InventoryProgress>;

/** Rows in one transaction: fewer would write the pages of the index over and over, more would hold up everybody else. */
const ROWS_TOGETHER = 5 * BATCH_ROWS;

/** Readings of one output that does not come out as it should. */
const TRIES = 3;

/** By which dates and limit an inventory is asked for, as text; `WHOLE` for none. */
export function scopeOf({ startDate, endDate, limit }: InventoryAsked): string {
  const scope = { startDate, endDate, limit };
  return Object.values(scope).every((value) => value === undefined) ? WHOLE : JSON.stringify(scope);
}

export async function getInventory(errand: InventoryErrand): Promise<ErrandEnd> {
  for (;;) {
    const job = await askForInventory(errand);
    try {
      return await waitAndRead(errand, job);
    } catch (error) {
      // Free of charge, unlike an archive: asked for again without a word.
      if (!(error instanceof EngineError) || error.kind !== 'changed') throw error;
    }
  }
}

async function askForInventory(errand: InventoryErrand): Promise<VaultJobKey> {
  const { wanted, service, row, jobs, signal } = errand;
  const job = await jobs.ask({
    service,
    serviceKey: row.service,
    vault: row.vault,
    asked: JSON.stringify({ kind: 'inventory', ...wanted }),
    start: (description) => service.initiateInventory(row.vault, { ...wanted.asked, description }, signal),
    signal,
  });
  await errand.save('asking', { job: job.id, shown: errand.progress.shown });
  return job.id;
}

async function waitAndRead(errand: InventoryErrand, key: VaultJobKey): Promise<ErrandEnd> {
  const { row, service, signal, jobs } = errand;
  const job = await jobs.ready(
    {
      service,
      vault: row.vault,
      signal,
      pollCapMs: errand.target.traits.pollCapMs,
      onWaiting: () => errand.save('waiting', { job: key, shown: errand.progress.shown }),
    },
    key,
  );
  await errand.save('reading', { job: key, shown: errand.progress.shown });
  const place = `read|${row.service}|${row.vault}`;
  const archives = await jobs
    .inTurn(place, () => readTried(errand, job))
    .catch(async (error: unknown) => {
      if (error instanceof EngineError && error.kind === 'not-found') {
        await jobs.expired(key);
        throw new EngineError('changed', error.message, error.advice);
      }
      throw error;
    });
  return ended({ ...errand.progress.shown, done: archives, total: archives });
}

async function readTried(errand: InventoryErrand, job: VaultJob): Promise<number> {
  for (let tries = 1; ; tries++) {
    await clearUseless(errand.catalog, errand.row);
    try {
      const archives = await read(errand, job);
      await clearUseless(errand.catalog, errand.row);
      return archives;
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'corrupt' || tries === TRIES) throw error;
    }
  }
}

async function read(errand: InventoryErrand, job: VaultJob): Promise<number> {
  const { catalog, service, row, wanted, signal } = errand;
  const { arn } = await service.describeVault(row.vault, signal);
  return service.readJobOutput(
    row.vault,
    job.jobId,
    async (output) => {
      const inventory = await catalog.transaction((tx) => beginInventory(tx, row, scopeOf(wanted.asked)));
      const taken = await takeIn(errand, inventory, output, job.inventory?.format ?? wanted.asked.format);
      if (job.inventoryBytes !== null && taken.bytesRead !== job.inventoryBytes) throw cutShort();
      const takenAt = taken.takenAt ?? wanted.of;
      const sums = await sumInventoryArchives(catalog, inventory);
      await catalog.transaction(async (tx) => {
        await keepInventory(tx, inventory, {
          ...sums,
          arn: taken.arn ?? arn,
          takenAt,
          readAt: Date.now(),
          duplicates: taken.listed - sums.archives,
          knownAt: Math.max(takenAt, job.completedAt ?? 0),
        });
        await carryDeletions(tx, inventory, row, takenAt);
      });
      return sums.archives;
    },
    signal,
  );
}

interface TakenIn {
  readonly bytesRead: number;
  readonly listed: number;
  readonly arn: string | null;
  readonly takenAt: number | null;
}

async function takeIn(
  errand: InventoryErrand,
  inventory: InventoryKey,
  output: AsyncIterable<Buffer>,
  format: InventoryAsked['format'],
): Promise<TakenIn> {
  const { catalog, progress, signal } = errand;
  const reader = readInventory(format);
  let waiting: ListedArchive[] = [];
  let listed = 0;
  let bytesRead = 0;
  const write = async (): Promise<void> => {
    const rows = waiting.map((archive) => rowOf(archive, ++listed));
    waiting = [];
    await catalog.transaction((tx) => addInventoryArchives(tx, inventory, rows));
    errand.tell({ ...progress.shown, done: listed });
  };
  for await (const bytes of output) {
    signal.throwIfAborted();
    bytesRead += bytes.length;
    for (const archive of reader.push(bytes)) waiting.push(archive);
    if (waiting.length >= ROWS_TOGETHER) await write();
  }
  for (const archive of reader.end()) waiting.push(archive);
  if (waiting.length > 0) await write();
  return { bytesRead, listed, ...reader.head() };
}

function rowOf(archive: ListedArchive, number: number): Omit<InventoryArchive, 'gone'> {
  const { tool, name } = readArchiveName(archive.description);
  return { ...archive, number, archiveId: archive.archiveId as ArchiveId, tool, name };
}

/** Rows of inventories that were replaced or not read through, some thousand at a time. */
async function clearUseless(catalog: Catalog, place: InventoryPlace): Promise<void> {
  for (const { id, state } of await uselessInventories(catalog, place)) {
    while ((await catalog.transaction((tx) => dropInventoryArchives(tx, id))) > 0);
    if (state === 'reading') await catalog.transaction((tx) => forgetInventory(tx, id));
  }
}

function cutShort(): EngineError {
  return new EngineError(
    'corrupt',
    'The inventory that arrived is not as long as the service says.',
    'Read it again; if it happens again, something on the way changes what passes through.',
    { safe: 'The inventory that was kept before is untouched.' },
  );
}
