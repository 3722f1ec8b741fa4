/** The part of the contract about keys, the recovery kit, and recovery from a target alone. */
import { z } from 'zod';
import type { KitChallenge, KitPage, RecoverySummary } from './recoveryTypes.ts';
import type { PlanSummary, ProfileStatus } from './types.ts';
import { name } from './names.ts';
import { path, targetSettings, tier } from './parts.ts';

const passphrase = z.string().max(10_000);
const usd = z.number().nonnegative().max(1_000_000);

/** Input schemas; see contract.ts. */
export const recoveryInputs = {
  /** Wraps the keys under another passphrase. `current` is the passphrase until now, or the recovery code. */
  'keys:changePassphrase': z.strictObject({ current: passphrase, passphrase }),
  /** Adds a key epoch, for when the old keys may be known to somebody; the recovery code is a new one then. */
  'keys:renew': z.strictObject({ current: passphrase }),
  /** Gives the keychain of this system a copy of the keys, or takes it out. */
  'keys:remember': z.strictObject({ remember: z.boolean() }),

  /** Keeps AWS keys that were typed in, in the keychain of this system alone, under a name that targets use. */
  'awsKeys:set': z.strictObject({
    name,
    accessKeyId: z.string().regex(/^[A-Za-z0-9]{4,128}$/, 'an access key id is letters and digits'),
    secretAccessKey: z.string().min(1).max(1000),
    sessionToken: z.string().min(1).max(2000).optional(),
  }),
  'awsKeys:remove': z.strictObject({ name }),

  /** The page as it is now, with the recovery code. */
  'kit:page': z.strictObject({}),
  /** Saves it to a file that does not exist yet: text or PDF. */
  'kit:save': z.strictObject({
    to: path,
    format: z.enum(['text', 'pdf']),
    paper: z.enum(['A4', 'LETTER']).default('A4'),
  }),
  /** Which groups of the code have to be typed from the page. */
  'kit:challenge': z.strictObject({}),
  /** The profile counts as protected once this was answered rightly. */
  'kit:prove': z.strictObject({
    typed: z
      .array(z.strictObject({ group: z.int().min(1).max(14), text: z.string().max(100) }))
      .min(1)
      .max(14),
  }),

  /**
   * Begins to make this profile, which has no keys or plans yet, from what a target holds. The target is added under `name`.
   * What is fetched may cost `maxUsd`; beyond that it stops and says the price.
   */
  'recover:start': z.strictObject({
    name,
    settings: targetSettings,
    /** The text of a saved kit. */
    kit: z.string().max(100_000).optional(),
    tier: tier.default('standard'),
    maxUsd: usd.default(1),
  }),
  /** The newest recovery of this profile. */
  'recover:show': z.strictObject({}),
  /** Carries on the one that is open, with another ceiling or tier if given. */
  'recover:resume': z.strictObject({ tier: tier.optional(), maxUsd: usd.optional() }),
  /** Gives up the open one. What was found stays; what was asked for is paid. */
  'recover:cancel': z.strictObject({}),

  /** Makes a plan of another installation this one's own, to go on with it here. Other sources may take the place of its. */
  'plans:takeOver': z.strictObject({ name, sources: z.array(path).min(1).max(1000).optional() }),
} as const;

export interface RecoveryOutputs {
  'keys:changePassphrase': ProfileStatus;
  'keys:renew': ProfileStatus;
  'keys:remember': ProfileStatus;
  'awsKeys:set': null;
  'awsKeys:remove': null;
  'kit:page': KitPage;
  'kit:save': null;
  'kit:challenge': KitChallenge;
  'kit:prove': ProfileStatus;
  'recover:start': RecoverySummary;
  'recover:show': RecoverySummary | null;
  'recover:resume': RecoverySummary;
  'recover:cancel': RecoverySummary;
  'plans:takeOver': PlanSummary;
}

export interface RecoveryEvents {
  /** A recovery moved on: step, counts or end. */
  'recovery:changed': RecoverySummary;
}
