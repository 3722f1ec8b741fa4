/** Every reader that is fuzzed, by name. Each is made in a process of its own. */
import * as answers from './answerReaders.ts';
import { catalogReader } from './catalogReader.ts';
import { contractReader } from './contractReader.ts';
import * as packs from './packReaders.ts';
import type { Reader } from './reader.ts';
import * as records from './recordReaders.ts';

export const readers: Readonly<Record<string, () => Reader | Promise<Reader>>> = {
  'headers of packs': packs.headerReader,
  'stored segments': packs.segmentReader,
  'trailers, indexes and frames under the right key': packs.packTailReader,
  'whole packs sealed again': packs.resealedPackReader,
  'compressed frames': packs.frameReader,
  'frames of our own': packs.ownFrames,
  'descriptions of archives': packs.descriptionReader,
  manifests: records.manifestReader,
  'lines of manifests': records.manifestLineReader,
  'key slots': records.keySlotsReader,
  'head files': records.headReader,
  'inventories in JSON': () => answers.inventoryReader('json'),
  'inventories in CSV': () => answers.inventoryReader('csv'),
  'answers of the service': answers.vaultAnswerReader,
  'heads of downloads': answers.deliveryReader,
  'names of other tools': answers.archiveNameReader,
  'paths in snapshots': answers.pathReader,
  'names on disk': answers.nameReader,
  'names in folder targets': answers.folderNameReader,
  catalogs: catalogReader,
  'requests from outside': contractReader,
};
