/** Readers of what a service, other tools and other systems have written: listings, answers, inventories, names. */
import type { GlacierJobDescription } from '@aws-sdk/client-glacier';
import { conflictName, nameInSnapshot, nameOnDisk } from '../../../../src/main/engine/restore/names.ts';
import { folderNames, guessPaths, joinPath, splitPath } from '../../../../src/main/engine/snapshotPath.ts';
import {
  isArchiveId,
  parseJobId,
  parseUploadId,
  uploadIdOfFile,
} from '../../../../src/main/engine/target/folderNames.ts';
import {
  judgeDelivery,
  readJob,
  readPart,
  readUpload,
} from '../../../../src/main/engine/target/vaultAnswers.ts';
import {
  readCapacity,
  readLock,
  readRetrievalPolicy,
  readTags,
  readVault,
  readVaultJob,
} from '../../../../src/main/engine/target/vaultServiceAnswers.ts';
import { readArchiveName, writeArchiveName } from '../../../../src/main/engine/vaults/archiveName.ts';
import {
  type InventoryFormat,
  type ListedArchive,
  readInventory,
} from '../../../../src/main/engine/vaults/inventoryReader.ts';
import { below, type Random } from '../crash/randomTree.ts';
import { mutated, mutatedJson, overwritten, pick } from './mutate.ts';
import { type Reader, WronglyTaken } from './reader.ts';

const TIME = '2026-03-01T12:00:00.000Z';
const HASH = '0f'.repeat(32);
const call = { operation: 'ListJobs', place: 'vault photos', host: 'localhost', subject: 'job' } as const;

const listed = {
  VaultARN: 'arn:aws:glacier:eu-central-1:012345678901:vaults/photos',
  InventoryDate: TIME,
  ArchiveList: [
    {
      ArchiveId: 'a'.repeat(138),
      ArchiveDescription: 'a "name", \\ and }{][',
      CreationDate: TIME,
      Size: 12,
      SHA256TreeHash: HASH,
    },
    { ArchiveId: 'b_-', ArchiveDescription: '', CreationDate: TIME, Size: 0, SHA256TreeHash: HASH },
  ],
};
const csv = `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n${'a'.repeat(138)},"a \\"name\\", \\ and",${TIME},12,${HASH}\r\nb_-,"",${TIME},0,${HASH}\n`;

export function inventoryReader(format: InventoryFormat): Reader {
  const sound = Buffer.from(format === 'json' ? JSON.stringify(listed) : csv);
  return {
    attempt(random) {
      const isData = format === 'json' && random() < 0.4;
      const bytes = isData
        ? Buffer.from(JSON.stringify(mutatedJson(random, listed)))
        : mutated(random, sound);
      const reader = readInventory(format);
      const found: ListedArchive[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + below(random, bytes.length);
        found.push(...reader.push(bytes.subarray(at, end)));
        at = end;
      }
      found.push(...reader.end());
      reader.head();
      for (const { archiveId, size, createdAt, treeHash } of found) {
        const isSound =
          archiveId.length > 0 && size >= 0 && Number.isFinite(createdAt) && treeHash.length === 64;
        if (!isSound) throw new WronglyTaken('an archive that cannot be');
      }
      return true;
    },
  };
}

const job = {
  ...{
    JobId: 'job',
    JobDescription: 'p1.x.1',
    Action: 'ArchiveRetrieval',
    ArchiveId: 'archive',
    VaultARN: 'arn',
  },
  ...{
    CreationDate: TIME,
    CompletionDate: TIME,
    Completed: true,
    StatusCode: 'Succeeded',
    StatusMessage: 'Succeeded',
  },
  ...{ ArchiveSizeInBytes: 4_194_304, RetrievalByteRange: '0-1048575', SHA256TreeHash: HASH, Tier: 'Bulk' },
  ArchiveSHA256TreeHash: HASH,
};
const inventoryJob = {
  ...{ ...job, Action: 'InventoryRetrieval', ArchiveId: undefined, RetrievalByteRange: undefined },
  ...{
    InventorySizeInBytes: 12,
    InventoryRetrievalParameters: { Format: 'CSV', StartDate: TIME, Limit: '5', Marker: 'm' },
  },
};
const upload = {
  MultipartUploadId: 'upload',
  ArchiveDescription: 'a1.x',
  PartSizeInBytes: 1_048_576,
  CreationDate: TIME,
};
const part = { RangeInBytes: '0-1048575', SHA256TreeHash: HASH };
const vault = {
  VaultName: 'photos',
  VaultARN: 'arn',
  CreationDate: TIME,
  LastInventoryDate: TIME,
  NumberOfArchives: 3,
  SizeInBytes: 9,
};
const lock = { State: 'InProgress', Policy: '{}', CreationDate: TIME, ExpirationDate: TIME };
const policy = { Policy: { Rules: [{ Strategy: 'BytesPerHour', BytesPerHour: 5 }] } };
const unit = { CapacityId: 'unit', StartDate: TIME, ExpirationDate: TIME };

/** What answers are read into: by member, what it must be. */
type Shape = Readonly<Record<string, readonly string[]>>;

const TIME_KINDS = ['number', 'before 1970'];

const jobShape: Shape = {
  ...{
    jobId: ['string'],
    description: ['string'],
    archiveId: ['string', 'null'],
    reason: ['string', 'null'],
  },
  ...{ state: ['waiting', 'ready', 'failed'], createdAt: TIME_KINDS, completedAt: [...TIME_KINDS, 'null'] },
};

/** What the client hands us of an answer is what was sent: its types are claims. */
const answers: readonly {
  readonly sound: unknown;
  readonly read: (raw: never) => unknown;
  readonly shape: Shape;
}[] = [
  { sound: job, read: (raw: GlacierJobDescription) => readJob(raw, call), shape: jobShape },
  { sound: job, read: (raw: never) => readVaultJob(raw, call), shape: jobShape },
  {
    sound: inventoryJob,
    read: (raw: never) => readVaultJob(raw, call),
    shape: { ...jobShape, inventoryBytes: ['number', 'null'], nextMarker: ['string', 'null'] },
  },
  {
    sound: upload,
    read: (raw: never) => readUpload(raw, call),
    shape: { uploadId: ['string'], description: ['string'], partBytes: ['number'], createdAt: TIME_KINDS },
  },
  {
    sound: part,
    read: (raw: never) => readPart(raw, 1_048_576, call),
    shape: { offset: ['number'], length: ['number'], treeHash: ['bytes'] },
  },
  {
    sound: vault,
    read: (raw: never) => readVault(raw, call),
    shape: {
      name: ['string'],
      arn: ['string'],
      createdAt: TIME_KINDS,
      inventoryAt: [...TIME_KINDS, 'null'],
      archives: ['number'],
      bytes: ['number'],
    },
  },
  {
    sound: lock,
    read: (raw: never) => readLock(raw, call),
    shape: { policy: ['string'], createdAt: TIME_KINDS, expiresAt: [...TIME_KINDS, 'null'] },
  },
  { sound: policy, read: (raw: never) => readRetrievalPolicy(raw, call), shape: { kind: ['string'] } },
  {
    sound: unit,
    read: (raw: never) => readCapacity(raw, call),
    shape: { id: ['string'], startsAt: TIME_KINDS, expiresAt: TIME_KINDS },
  },
  { sound: { Tags: { a: 'b' } }, read: (raw: never) => ({ tags: readTags(raw) }), shape: {} },
];

export function vaultAnswerReader(): Reader {
  return {
    attempt(random) {
      const { sound, read, shape } = pick(random, answers);
      const raw = mutatedJson(random, sound);
      // An answer that is no object at all is no answer for the client either.
      if (typeof raw !== 'object' || raw === null) return false;
      const result = read(raw as never) as Readonly<Record<string, unknown>>;
      for (const [member, allowed] of Object.entries(shape)) {
        if (!allowed.includes(kindOf(result[member])) && !allowed.includes(String(result[member])))
          throw new WronglyTaken(`${member} is ${JSON.stringify(result[member])}`);
      }
      return true;
    },
  };
}

/** A number that can count, or a time. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Buffer.isBuffer(value)) return value.length === 32 ? 'bytes' : 'bytes of another length';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'no count';
  if (typeof value === 'number') return value < 0 ? 'before 1970' : 'number';
  return typeof value;
}

/** Heads of downloads. */
export function deliveryReader(): Reader {
  return {
    attempt(random) {
      const header = (text: string): string => mutated(random, Buffer.from(text)).toString('latin1');
      const contentRange = random() < 0.9 ? header('bytes 0-1048575/4194304') : undefined;
      const contentType = random() < 0.2 ? header('text/html') : undefined;
      const status = pick(random, [200, 206, 206, 206, 301, 404, undefined]);
      const said = judgeDelivery({ status, contentRange, contentType }, { first: 0, end: 1_048_576 });
      if (status !== 200 && status !== 206 && said !== 'something-else')
        throw new WronglyTaken(`status ${status}`);
      return said === 'as-asked';
    },
  };
}

/** Descriptions of other tools' archives: nothing throws, and a name we write is read back. */
export function archiveNameReader(): Reader {
  const samples = [
    '<m><v>4</v><p>cGhvdG9zL2EuanBn</p><lm>20190501T100059Z</lm></m>',
    `mt2 ${Buffer.from('{"filename":"a/b","mtime":"20190501T100059Z"}').toString('base64url')}`,
    'a letter',
  ].map((text) => Buffer.from(text));
  return {
    attempt(random) {
      const found = readArchiveName(mutated(random, pick(random, samples)).toString());
      const name = mutated(random, Buffer.from('photos/Zoë 1.jpg')).toString();
      const time = Math.floor((random() - 0.5) * 2 * pick(random, [1e12, 1e14, 9e15, 1e20]));
      const description = writeArchiveName(name, time);
      const isFit = /^[ -~]{1,1024}$/.test(description);
      if (!isFit) throw new WronglyTaken('a description the service does not take');
      const again = readArchiveName(description);
      if (name !== '' && !name.endsWith(again.name ?? '?')) throw new WronglyTaken('another name');
      return found.tool !== 'text';
    },
  };
}

/** Paths inside a snapshot, from people and from catalogs. */
export function pathReader(): Reader {
  const root = Buffer.from('/');
  const sources = ['/home/zoë/docs', '/srv/docs', 'C:\\docs'].map((text) => Buffer.from(text));
  return {
    attempt(random) {
      const path = mutated(random, Buffer.concat([pick(random, sources), Buffer.from('/letters/2026/a')]));
      // Sources never lie in each other, and everything lies in the root.
      const some = random() < 0.2 ? [root] : sources.filter(() => random() < 0.7);
      for (const names of guessPaths(path.toString(), some)) joinPath(names);
      const distinct = new Set(folderNames([...some, ...some]).map((name) => name.toString('latin1')));
      if (distinct.size !== 2 * some.length) throw new WronglyTaken('two folders of one name');
      const names = splitPath(path, some);
      if (names === null) return false;
      const again = splitPath(joinPath(names), some);
      if (again === null || !sameNames(again, names)) throw new WronglyTaken('a path that splits otherwise');
      return true;
    },
  };
}

function sameNames(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((name, i) => name.equals(b[i] ?? Buffer.alloc(0)));
}

/** Names on their way to a disk: none leads out of its folder, and each can be turned back. */
export function nameReader(): Reader {
  const samples = ['a letter.txt', 'CON', 'aux.txt', '..', '%41', 'é\u0301', 'a:b', 'x'.repeat(250)].map(
    (text) => Buffer.from(text),
  );
  return {
    attempt(random) {
      const name = mutated(random, pick(random, samples));
      const rules = pick(random, ['linux', 'darwin', 'win32'] as const);
      const onDisk = nameOnDisk(name, rules);
      const isInside =
        onDisk.length > 0 &&
        !onDisk.includes(0x2f) &&
        !onDisk.includes(0) &&
        !/^\.\.?$/.test(onDisk.toString('latin1'));
      if (!isInside || (rules === 'win32' && /[<>:"|?*\\]|[ .]$/.test(onDisk.toString())))
        throw new WronglyTaken('a name that leads elsewhere');
      if (!nameInSnapshot(onDisk, rules).equals(name))
        throw new WronglyTaken('a name that cannot be turned back');
      if (conflictName(onDisk, 2 + below(random, 1000)).length > 255)
        throw new WronglyTaken('too long a name');
      return true;
    },
  };
}

/** Names of files in a folder target, and ids that come back from a catalog. */
export function folderNameReader(): Reader {
  const samples = [
    'a1.0123~89abcdef',
    'a1.0123~89abcdef.4',
    'a1.0123~89abcdef.4.part',
    'a1.0123~89abcdef/0-1048576/p1.x.1',
  ].map((text) => Buffer.from(text));
  return {
    attempt(random) {
      const id = mutate(random, pick(random, samples));
      const names = [
        parseUploadId(id)?.archiveId,
        parseJobId(id)?.archiveId,
        uploadIdOfFile(id),
        isArchiveId(id) ? id : undefined,
      ];
      const found = names.filter((name) => name !== undefined);
      if (
        found.some(
          (name) => name.includes('/') || name.includes('\0') || name.startsWith('..~') || name === '..',
        )
      )
        throw new WronglyTaken('a name that leads elsewhere');
      return found.length > 0;
    },
  };
}

function mutate(random: Random, bytes: Buffer): string {
  return (random() < 0.5 ? mutated(random, bytes) : overwritten(random, bytes)).toString('latin1');
}
