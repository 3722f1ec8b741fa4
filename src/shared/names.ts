/** Names as they come in requests: ours for things, and where a service is and what it calls its vaults. */
import { z } from 'zod';

export const name = z
  .string()
  .min(1, 'a name is needed')
  .max(100, 'a name has at most 100 characters')
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u,
    'a name begins with a letter or digit, then letters, digits, space . _ -',
  );

export const vaultName = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,255}$/, 'a vault name has 1-255 of a-z A-Z 0-9 _ - .');

export const region = z.string().regex(/^[a-z0-9-]{2,40}$/, 'a region looks like eu-central-1');
export const endpoint = z.url({ protocol: /^https?$/ });
export const awsProfile = z.string().min(1);

/** Whose vaults: those of the account and region of a target (vault or practice), or of one that is named here. */
export const serviceAt = z.union([
  z.strictObject({ target: name }),
  z.strictObject({
    region,
    endpoint: endpoint.optional(),
    awsProfile: awsProfile.optional(),
    awsKeys: name.optional(),
  }),
]);
export type ServiceAt = z.output<typeof serviceAt>;

/** Which vault: the target's own where it is not named. */
export const vaultAt = { at: serviceAt, vault: vaultName.optional() } as const;
