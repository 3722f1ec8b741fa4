/** CreateVault, DescribeVault, DeleteVault, ListVaults. */
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { badValue, limitExceeded } from './errors.ts';
import { type Call, type Glacier, location, param, vaultArn, vaultOf } from './glacier.ts';
import { isoMillis, isVaultName } from './identifiers.ts';
import { countInventory, inventoryDate } from './inventory.ts';
import { unstaged } from './metering.ts';
import { pageLimit } from './paging.ts';
import type { Vault } from './records.ts';

const MOST_VAULTS = 1000;
const VAULTS_PER_PAGE = 10;

export async function createVault(call: Call): Promise<Reply> {
  const { clock, store } = call.glacier;
  const name = param(call, 'vault');
  if (!isVaultName(name)) throw badValue(`Invalid vault name: ${name}`);
  if (!store.state.vaults.has(name)) {
    if (store.state.vaults.size >= MOST_VAULTS) {
      throw limitExceeded(`The account has ${MOST_VAULTS} vaults, as many as it may have.`);
    }
    const at = clock.serviceNow();
    await store.commit(at, [
      { put: 'vault', vault: { name, createdAt: at, lastWriteAt: null, inventoryAt: null } },
    ]);
  }
  return emptyReply(201, { Location: location(call.glacier, name) });
}

export function describeVault(call: Call): Reply {
  return jsonReply(200, vaultJson(call.glacier, vaultOf(call)));
}

/** Deletes a vault that was empty at its last inventory and not written to since; a missing one is as good as deleted. */
export async function deleteVault(call: Call): Promise<Reply> {
  const { glacier } = call;
  const { clock, store } = glacier;
  const name = param(call, 'vault');
  const vault = store.state.vaults.get(name);
  if (vault === undefined) return emptyReply(204);
  const at = clock.serviceNow();
  if (!isKnownEmpty(glacier, vault, at))
    throw badValue(`Vault not empty or recently written to: ${vaultArn(glacier, name)}`);
  await store.commit(at, [{ drop: 'vault', name }]);
  for (const id of vault.uploads.keys()) await glacier.meter.add(unstaged(name, id, at));
  for (const id of bytesOf(vault)) await store.files.remove(id);
  return emptyReply(204);
}

function isKnownEmpty(glacier: Glacier, vault: Vault, now: number): boolean {
  const { lastWriteAt } = vault.record;
  if (lastWriteAt === null) return true;
  const inventoryAt = inventoryDate(vault.record, now, glacier.durations);
  return (
    inventoryAt !== null && inventoryAt > lastWriteAt && countInventory(vault, inventoryAt).archives === 0
  );
}

/** Archives of which the deleted vault may have left bytes behind: of open uploads, and for jobs on deleted archives. */
function bytesOf(vault: Vault): string[] {
  const uploads = vault.uploads.values().map(({ record }) => record.archiveId);
  const jobs = vault.jobs.values().map((job) => (job.kind === 'archive' ? job.archiveId : null));
  return [...uploads, ...jobs.filter((id) => id !== null)];
}

/** In ASCII order of names. The marker is the ARN of the first vault of the next page. */
export function listVaults(call: Call): Reply {
  const { glacier, query } = call;
  const limit = pageLimit(query, VAULTS_PER_PAGE);
  const start = markedName(glacier, query.get('marker') ?? '');
  const names = [...glacier.store.state.vaults.keys()]
    .filter((name) => name >= start)
    .sort((a, b) => (a < b ? -1 : 1));
  const next = names[limit];
  const vaults = names.slice(0, limit).flatMap((name) => glacier.store.state.vaults.get(name) ?? []);
  return jsonReply(200, {
    Marker: next === undefined ? null : vaultArn(glacier, next),
    VaultList: vaults.map((vault) => vaultJson(glacier, vault)),
  });
}

function markedName(glacier: Glacier, marker: string): string {
  const prefix = vaultArn(glacier, '');
  if (marker !== '' && !marker.startsWith(prefix)) throw badValue(`Invalid marker: ${marker}`);
  return marker.slice(prefix.length);
}

function vaultJson(glacier: Glacier, vault: Vault): object {
  const inventoryAt = inventoryDate(vault.record, glacier.clock.serviceNow(), glacier.durations);
  const { archives, bytes } =
    inventoryAt === null ? { archives: 0, bytes: 0 } : countInventory(vault, inventoryAt);
  return {
    CreationDate: isoMillis(vault.record.createdAt),
    LastInventoryDate: inventoryAt === null ? null : isoMillis(inventoryAt),
    NumberOfArchives: archives,
    SizeInBytes: bytes,
    VaultARN: vaultArn(glacier, vault.record.name),
    VaultName: vault.record.name,
  };
}
