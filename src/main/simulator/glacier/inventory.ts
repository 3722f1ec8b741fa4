/**
 * Inventories: a vault's own listing, taken once a day and therefore behind.
 *
 * Inventories are due at fixed intervals from the vault's creation, and one is taken only if archives were stored
 * or deleted since the one before. So the newest inventory follows from two times in the vault's record, and its
 * content from the times in the archives' records: nothing is taken, kept or timed. An archive belongs to the
 * inventory of time D if it was stored before D and not deleted before D; later writes cannot change that.
 */
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Durations, Glacier } from './glacier.ts';
import { vaultArn } from './glacier.ts';
import { badValue } from './errors.ts';
import { HOUR, isoSeconds } from './identifiers.ts';
import { timeKey } from './paging.ts';
import type { ArchiveRecord, InventoryJob, Vault, VaultRecord } from './records.ts';

/** Counted on top of each archive's size in a vault's size. */
const OVERHEAD_BYTES = 32_768;

/** Date of the newest inventory, or null before the first. */
export function inventoryDate(vault: VaultRecord, now: number, durations: Durations): number | null {
  if (vault.lastWriteAt === null) return null;
  const due = firstDueAfter(vault.lastWriteAt, vault.createdAt, durations.inventoryInterval * HOUR);
  return due <= now ? due : vault.inventoryAt;
}

function firstDueAfter(write: number, createdAt: number, intervalMs: number): number {
  return createdAt + (Math.floor((write - createdAt) / intervalMs) + 1) * intervalMs;
}

/** The vault's record after an archive was stored or deleted at `now`. */
export function written(vault: VaultRecord, now: number, durations: Durations): VaultRecord {
  return { ...vault, inventoryAt: inventoryDate(vault, now, durations), lastWriteAt: now };
}

interface InventoryCount {
  readonly archives: number;
  /** With the overhead of each archive. */
  readonly bytes: number;
}

const counted = new WeakMap<Vault, { readonly at: number; readonly count: InventoryCount }>();

/** What the vault shows of the inventory of `inventoryAt`. Remembered per vault, since the content cannot change. */
export function countInventory(vault: Vault, inventoryAt: number): InventoryCount {
  const known = counted.get(vault);
  if (known?.at === inventoryAt) return known.count;
  let archives = 0;
  let bytes = 0;
  for (const archive of vault.archives.values()) {
    if (!isListed(archive, inventoryAt)) continue;
    archives += 1;
    bytes += archive.size + OVERHEAD_BYTES;
  }
  const count = { archives, bytes };
  counted.set(vault, { at: inventoryAt, count });
  return count;
}

function isListed({ createdAt, deletedAt }: ArchiveRecord, inventoryAt: number): boolean {
  return createdAt < inventoryAt && (deletedAt === null || deletedAt >= inventoryAt);
}

interface InventoryPage {
  readonly archives: readonly ArchiveRecord[];
  /** Where another job can go on; null if this is the end. */
  readonly marker: string | null;
}

/** The archives a job reads out, by date and id. */
function inventoryPage(vault: Vault, job: InventoryJob): InventoryPage {
  const from = job.startDate === null ? -Infinity : readDate(job.startDate);
  const until = job.endDate === null ? Infinity : readDate(job.endDate);
  const start = job.marker === null ? '' : readMarker(job.marker);
  const keyed = [...vault.archives.values()]
    .filter(
      (archive) =>
        isListed(archive, job.inventoryAt) && archive.createdAt >= from && archive.createdAt < until,
    )
    .map((archive) => ({ key: timeKey(archive.createdAt, archive.id), archive }))
    .filter(({ key }) => key >= start)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const limit = job.limit === null ? keyed.length : Number(job.limit);
  const next = keyed[limit];
  return {
    archives: keyed.slice(0, limit).map(({ archive }) => archive),
    marker: next === undefined ? null : Buffer.from(next.key).toString('base64url'),
  };
}

/** Epoch ms of a filter's date. @throws ServiceError 400 */
export function readDate(text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw badValue(`Invalid date: ${text}. A date has the form 2013-03-20T17:03:43Z.`);
  return ms;
}

/** @throws ServiceError 400 */
export function readMarker(marker: string): string {
  const key = /^[\w-]+$/.test(marker) ? Buffer.from(marker, 'base64url').toString() : '';
  if (!/^\d{16} [\w-]{138}$/.test(key)) throw badValue(`Invalid marker: ${marker}`);
  return key;
}

interface OutputSummary {
  readonly bytes: number;
  /** As of `inventoryPage`. */
  readonly marker: string | null;
}

const summed = new WeakMap<Vault, Map<string, OutputSummary>>();

/**
 * What a finished inventory job is described by. The output is not written for that, and its length is remembered by
 * what was asked for: thousands of jobs that end at once are mostly for the same.
 */
export async function summarizeOutput(
  glacier: Glacier,
  vault: Vault,
  job: InventoryJob,
): Promise<OutputSummary> {
  const { endDate, format, inventoryAt, limit, marker, startDate } = job;
  const asked = JSON.stringify([inventoryAt, format, startDate, endDate, limit, marker]);
  const known = summed.get(vault) ?? new Map<string, OutputSummary>();
  summed.set(vault, known);
  const summary = known.get(asked) ?? (await sumOutput(glacier, vault, job));
  known.set(asked, summary);
  return summary;
}

async function sumOutput(glacier: Glacier, vault: Vault, job: InventoryJob): Promise<OutputSummary> {
  const page = inventoryPage(vault, job);
  let bytes = 0;
  for await (const text of inventoryText(vaultArn(glacier, vault.record.name), job, page.archives))
    bytes += Buffer.byteLength(text);
  return { bytes, marker: page.marker };
}

/** The output of a finished inventory job as a file, written on first need; the same bytes each time. */
export async function inventoryOutput(
  glacier: Glacier,
  vault: Vault,
  job: InventoryJob,
): Promise<{ file: string; bytes: number }> {
  const file = join(glacier.store.outputsDir, job.id);
  const size = await stat(file).then(
    ({ size: bytes }) => bytes,
    () => null,
  );
  if (size !== null) return { file, bytes: size };
  const temporary = `${file}.${process.hrtime.bigint()}`;
  const output = await open(temporary, 'w');
  try {
    await output.writeFile(
      inventoryText(vaultArn(glacier, vault.record.name), job, inventoryPage(vault, job).archives),
    );
  } finally {
    await output.close();
  }
  await rename(temporary, file);
  return { file, bytes: (await stat(file)).size };
}

/** The inventory in pieces of some hundred KiB, so that a long one is never one string. */
async function* inventoryText(
  arn: string,
  job: InventoryJob,
  archives: readonly ArchiveRecord[],
): AsyncGenerator<string> {
  const json = job.format === 'JSON';
  yield json
    ? `{"VaultARN":${JSON.stringify(arn)},"InventoryDate":"${isoSeconds(job.inventoryAt)}","ArchiveList":[`
    : 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n';
  for (let at = 0; at < archives.length; at += 1000) {
    const some = archives.slice(at, at + 1000);
    yield json ? (at > 0 ? ',' : '') + some.map(jsonEntry).join(',') : some.map(csvLine).join('');
    // Lets requests in between: a hundred thousand entries take a while.
    await new Promise(setImmediate);
  }
  if (json) yield ']}';
}

function jsonEntry(archive: ArchiveRecord): string {
  return JSON.stringify({
    ArchiveId: archive.id,
    ArchiveDescription: archive.description,
    CreationDate: isoSeconds(archive.createdAt),
    Size: archive.size,
    SHA256TreeHash: archive.treeHash,
  });
}

/** As the service writes CSV: a quote in a description becomes \", while a backslash stays as it is. */
function csvLine({ id, description, createdAt, size, treeHash }: ArchiveRecord): string {
  return `${id},"${description.replaceAll('"', '\\"')}",${isoSeconds(createdAt)},${size},${treeHash}\n`;
}
