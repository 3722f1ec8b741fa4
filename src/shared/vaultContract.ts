/**
 * The part of the contract about vaults themselves and their settings. What costs something or cannot be taken back is
 * previewed first and then only done with `accept`: whoever asks has seen the price or the consequences.
 */
import { z } from 'zod';
import { serviceAt, vaultAt, vaultName } from './names.ts';
import type {
  CapacityPreview,
  CapacityUnit,
  LockPreview,
  LockStatus,
  OpenUploads,
  RetrievalPolicy,
  Tag,
  VaultNotifications,
  VaultSummary,
} from './vaultTypes.ts';

/** The service takes policies of up to 20 KB; whoever asks may have laid theirs out generously. */
const document = z.string().min(2).max(100_000);
const account = z.string().regex(/^\d{12}$/, 'an account has 12 digits');
const topic = z
  .string()
  .regex(/^arn:[a-z0-9-]+:sns:\S{1,400}$/, 'a topic is named by its ARN, arn:aws:sns:…');

const accessPolicy = z.union([
  z.strictObject({ document }),
  /** Nobody may delete archives, until this policy is taken away. */
  z.strictObject({ denyDelete: z.literal(true) }),
  /** Another account may list and read, at the price of this one. */
  z.strictObject({ allowRead: account }),
]);
const lockPolicy = z.union([
  z.strictObject({ document }),
  /** Nobody may delete archives that are younger than so many days. */
  z.strictObject({ denyDeleteDays: z.number().int().min(1).max(36_500) }),
]);

const tagText = /^[\p{L}\p{M}\p{N}\p{Zs}_./=+@-]*$/u;
const tagKey = z
  .string()
  .min(1)
  .max(128, 'the key of a tag has at most 128 characters')
  .regex(tagText, 'a tag has letters, digits, spaces and _ . / = + - @')
  .regex(/^(?!aws:)/i, 'keys that begin with aws: are reserved');
const tag = z.strictObject({
  key: tagKey,
  value: z
    .string()
    .max(255, 'the value of a tag has at most 255 characters')
    .regex(tagText, 'a tag has letters, digits, spaces and _ . / = + - @'),
});

const retrievalPolicy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('free-tier') }),
  z.strictObject({ kind: z.literal('rate'), bytesPerHour: z.number().int().positive() }),
]);

const uploadId = z.string().regex(/^[A-Za-z0-9_-]{1,1024}$/, 'an upload’s id has letters, digits, - and _');
const named = { at: serviceAt, vault: vaultName } as const;

/** Input schemas; see contract.ts. */
export const vaultInputs = {
  'vaults:list': z.strictObject({ at: serviceAt }),
  'vaults:show': z.strictObject(vaultAt),
  /** One that is there already stays as it is. */
  'vaults:create': z.strictObject(named),
  /** Only an empty one can be deleted; its policy, tags and notifications go with it. */
  'vaults:delete': z.strictObject(named),

  'notifications:show': z.strictObject(vaultAt),
  'notifications:set': z.strictObject({
    ...vaultAt,
    topic,
    events: z
      .array(z.enum(['archive-ready', 'inventory-ready']))
      .min(1)
      .default(['archive-ready', 'inventory-ready']),
  }),
  'notifications:delete': z.strictObject(vaultAt),

  /** A JSON document as text; null where none is set. */
  'accessPolicy:show': z.strictObject(vaultAt),
  /** In place of the one there is. */
  'accessPolicy:set': z.strictObject({ ...vaultAt, policy: accessPolicy }),
  'accessPolicy:delete': z.strictObject(vaultAt),

  'vaultLock:show': z.strictObject(vaultAt),
  /** What `start` would do; nothing is changed. */
  'vaultLock:preview': z.strictObject({ ...vaultAt, policy: lockPolicy }),
  /** Puts the policy to the test: it acts for a day, then lapses unless it is completed. */
  'vaultLock:start': z.strictObject({ ...vaultAt, policy: lockPolicy }),
  /** For good: `accept` says that this is understood. Without `lockId` the one that is kept here is used. */
  'vaultLock:complete': z.strictObject({
    ...vaultAt,
    lockId: z.string().min(1).max(1024).optional(),
    accept: z.literal(true, 'that a lock is for good has to be accepted'),
  }),
  'vaultLock:abort': z.strictObject(vaultAt),

  /** These three answer with the tags as they then are. */
  'tags:list': z.strictObject(vaultAt),
  'tags:add': z.strictObject({ ...vaultAt, tags: z.array(tag).min(1).max(50) }),
  'tags:remove': z.strictObject({ ...vaultAt, keys: z.array(tagKey).min(1).max(50) }),

  /** Of the account in this region, for all its vaults. */
  'retrievalPolicy:show': z.strictObject({ at: serviceAt }),
  'retrievalPolicy:set': z.strictObject({ at: serviceAt, policy: retrievalPolicy }),
  'capacity:list': z.strictObject({ at: serviceAt }),
  'capacity:preview': z.strictObject({ at: serviceAt }),
  /** Buys one unit for a month. */
  'capacity:buy': z.strictObject({
    at: serviceAt,
    accept: z.literal(true, 'the price has to be accepted'),
  }),

  /** Uploads that nobody completed; their parts are charged as storage. */
  'openUploads:list': z.strictObject(vaultAt),
  'openUploads:abort': z.strictObject({
    ...vaultAt,
    /** Absent: all. */
    uploads: z.array(uploadId).min(1).max(1000).optional(),
    /** Those that this profile means to go on with too; they then begin anew. */
    alsoOurs: z.boolean().default(false),
  }),
} as const;

export interface VaultOutputs {
  'vaults:list': readonly VaultSummary[];
  'vaults:show': VaultSummary;
  'vaults:create': VaultSummary;
  'vaults:delete': null;
  'notifications:show': VaultNotifications | null;
  'notifications:set': VaultNotifications;
  'notifications:delete': null;
  'accessPolicy:show': string | null;
  'accessPolicy:set': string;
  'accessPolicy:delete': null;
  'vaultLock:show': LockStatus;
  'vaultLock:preview': LockPreview;
  'vaultLock:start': LockStatus;
  'vaultLock:complete': LockStatus;
  'vaultLock:abort': LockStatus;
  'tags:list': readonly Tag[];
  'tags:add': readonly Tag[];
  'tags:remove': readonly Tag[];
  'retrievalPolicy:show': RetrievalPolicy;
  'retrievalPolicy:set': RetrievalPolicy;
  'capacity:list': readonly CapacityUnit[];
  'capacity:preview': CapacityPreview;
  'capacity:buy': readonly CapacityUnit[];
  'openUploads:list': OpenUploads;
  /** Those that were aborted; of all, this profile's own are spared unless they were meant too. */
  'openUploads:abort': { readonly aborted: readonly string[]; readonly spared: number };
}
