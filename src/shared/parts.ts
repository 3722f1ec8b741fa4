/** Parts of requests that more than one file of the contract needs. */
import { z } from 'zod';
import { awsProfile, endpoint, name, region, vaultName } from './names.ts';

export const path = z.string().min(1).max(100_000);
export const tier = z.enum(['expedited', 'standard', 'bulk']);
/** A part of the hash tree, so that every part of an upload is one too. */
const packMiB = z
  .number()
  .refine(
    (mib) => [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].includes(mib),
    'the size of a pack is a power of two from 4 to 4096 MiB',
  );
const vaultSettings = z.strictObject({
  kind: z.literal('vault'),
  vault: vaultName,
  region,
  endpoint: endpoint.optional(),
  awsProfile: awsProfile.optional(),
  /** Instead of a profile: the name of AWS keys that were typed in and are kept in the keychain of this system. */
  awsKeys: name.optional(),
  /** Make the vault if it does not exist. */
  create: z.boolean().default(false),
  packMiB: packMiB.optional(),
});
const folderSettings = z.strictObject({
  kind: z.literal('folder'),
  path,
  create: z.boolean().default(false),
  packMiB: packMiB.optional(),
});
const practiceSettings = z.strictObject({
  kind: z.literal('practice'),
  /** Virtual seconds that pass in one second: by default the four hours of a retrieval take forty seconds. */
  speed: z.number().positive().max(1_000_000).default(360),
  packMiB: packMiB.optional(),
});

/** Where a target is and what it is like. */
export const targetSettings = z.discriminatedUnion('kind', [vaultSettings, folderSettings, practiceSettings]);
