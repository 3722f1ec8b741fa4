import type { Command } from 'commander';
import type { Output } from '../../output.ts';
import { addArchives } from './archives.ts';
import { addCapacity } from './capacity.ts';
import { addDeleteArchive, addEmpty } from './clearing.ts';
import { addErrands } from './errands.ts';
import { addInventory } from './inventory.ts';
import { addJobs } from './jobs.ts';
import { addList, addShow } from './list.ts';
import { addLock } from './lock.ts';
import { addCreate, addDelete } from './make.ts';
import { addNotifications } from './notifications.ts';
import { addPolicy } from './policy.ts';
import { addRetrievalPolicy } from './retrievalPolicy.ts';
import { addTags } from './tags.ts';
import { addDownload, addUpload } from './transfers.ts';
import { addUploads } from './uploads.ts';

/** The vault console: everything the service offers, beside backups. */
export function addVault(program: Command, output: Output): void {
  const vault = program
    .command('vault')
    .helpCommand(false)
    .description('Vaults at Amazon Glacier and what they hold, whoever put it there.');
  for (const add of [
    addList,
    addShow,
    addCreate,
    addDelete,
    addNotifications,
    addPolicy,
    addLock,
    addTags,
    addRetrievalPolicy,
    addCapacity,
    addUploads,
    addInventory,
    addArchives,
    addJobs,
    addUpload,
    addDownload,
    addErrands,
    addDeleteArchive,
    addEmpty,
  ]) {
    add(vault, output);
  }
}
