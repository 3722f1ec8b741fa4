/**
 * The part of the contract about what is inside vaults: inventories, archives, jobs, and the errands that bring, store
 * and delete them. What costs something is previewed first and then only done with `accept`: whoever asks has seen the price.
 */
import { z } from 'zod';
import type {
  ArchiveLine,
  ClearingPreview,
  DownloadPreview,
  ErrandSummary,
  InventorySummary,
  JobSummary,
  UploadPreview,
} from './archiveTypes.ts';
import { vaultAt } from './names.ts';

const path = z.string().min(1).max(100_000);
const archive = z.string().regex(/^[A-Za-z0-9_-]{1,1024}$/, 'an archive’s id has letters, digits, - and _');
const job = z.string().regex(/^[A-Za-z0-9_-]{1,1024}$/, 'a job’s id has letters, digits, - and _');
const errand = z.string().regex(/^[0-9a-f]{4,32}$/, 'an errand is named by its id');
const errandKind = z.enum(['inventory', 'upload', 'download', 'clearing']);
const time = z.number().int().nonnegative();
const accept = z.literal(true, 'the price has to be accepted');
/** Upper and lower case are equal. */
const search = z.string().min(1).max(1000);

/** First byte and the one behind the last; whole MiB, or the end of the archive. */
const range = z.strictObject({
  first: z.number().int().nonnegative(),
  end: z.number().int().positive(),
});

const inventoryScope = {
  ...vaultAt,
  /** Archives made from then on, and before then. */
  from: time.optional(),
  until: time.optional(),
  limit: z.number().int().positive().optional(),
  format: z.enum(['json', 'csv']).default('json'),
};

const upload = {
  ...vaultAt,
  path,
  /** Without one, the file’s name in a form that other tools read too. */
  description: z
    .string()
    .max(1024, 'a description has at most 1,024 characters')
    .regex(/^[!-~]+( [!-~]+)*$/, 'a description has printable ASCII characters, single spaces between them')
    .optional(),
};

const download = {
  ...vaultAt,
  archive,
  /** Absent: the whole archive. */
  range: range.optional(),
  tier: z.enum(['expedited', 'standard', 'bulk']).default('standard'),
};

const clearing = {
  ...vaultAt,
  which: z.union([
    z.strictObject({ archives: z.array(archive).min(1).max(1000) }),
    /** Part of the name, as far as the description can be read: ids have any few letters in them by chance. */
    z.strictObject({ search }),
    z.strictObject({ all: z.literal(true) }),
  ]),
  /** Permafrost’s own archives too: snapshots are lost with them. */
  alsoOurs: z.boolean().default(false),
};

/** Input schemas; see contract.ts. */
export const archiveInputs = {
  /** Has the service get an inventory ready, once for the same thing, and reads it when it is. */
  'inventories:request': z.strictObject(inventoryScope),
  /** Those that were read here, newest first. */
  'inventories:list': z.strictObject(vaultAt),
  /** Writes the kept inventory to a new file. */
  'inventories:export': z.strictObject({ ...vaultAt, format: z.enum(['json', 'csv']), to: path }),
  'archives:list': z.strictObject({
    ...vaultAt,
    /** Part of a name, description or id. */
    search: search.optional(),
    /** `number` of the last one of the page before. */
    after: z.number().int().nonnegative().default(0),
    limit: z.number().int().min(1).max(5000).default(1000),
  }),

  /** All jobs the service knows of, ours and others’. */
  'jobs:list': z.strictObject({
    ...vaultAt,
    state: z.enum(['waiting', 'ready', 'failed']).optional(),
  }),
  'jobs:show': z.strictObject({ ...vaultAt, job }),

  'uploads:preview': z.strictObject(upload),
  'uploads:start': z.strictObject({ ...upload, accept }),
  'downloads:preview': z.strictObject(download),
  /** `to` is a file that does not exist yet. */
  'downloads:start': z.strictObject({ ...download, to: path, accept }),
  'clearings:preview': z.strictObject(clearing),
  /** Deletes archives, and with `close` the vault after them. */
  'clearings:start': z.strictObject({
    ...clearing,
    close: z.boolean().default(false),
    /** Deletions a second. */
    rate: z.number().positive().max(100).default(5),
    accept,
  }),

  'errands:list': z.strictObject({ kind: errandKind.optional() }),
  'errands:show': z.strictObject({ id: errand }),
  /**
   * Carries on those that have not ended, or the one that is named; in a resident engine they go on by themselves. One
   * that has to be `paidAgain` only by its id, with `accept`.
   */
  'errands:resume': z.strictObject({
    kind: errandKind.optional(),
    id: errand.optional(),
    accept: accept.optional(),
  }),
  'errands:cancel': z.strictObject({ id: errand }),
} as const;

export interface ArchiveOutputs {
  'inventories:request': ErrandSummary;
  'inventories:list': readonly InventorySummary[];
  'inventories:export': { readonly path: string; readonly archives: number };
  'archives:list': {
    /** Null when none has been read. */
    readonly inventory: InventorySummary | null;
    readonly archives: readonly ArchiveLine[];
    readonly more: boolean;
  };
  'jobs:list': readonly JobSummary[];
  'jobs:show': JobSummary;
  'uploads:preview': UploadPreview;
  'uploads:start': ErrandSummary;
  'downloads:preview': DownloadPreview;
  'downloads:start': ErrandSummary;
  'clearings:preview': ClearingPreview;
  'clearings:start': ErrandSummary;
  'errands:list': readonly ErrandSummary[];
  'errands:show': ErrandSummary;
  'errands:resume': readonly ErrandSummary[];
  'errands:cancel': ErrandSummary;
}

export interface ArchiveEvents {
  /** An errand moved on: step, counts or end. */
  'errand:changed': ErrandSummary;
}
