/** What holds for everything that begins by itself, kept as one setting. */
import { z } from 'zod';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import type { Reader, Tx } from '../catalog/db.ts';
import { anyConditions, type Conditions, type UploadLimit } from './conditions.ts';
import type { Unattended } from './nextRun.ts';

const KEY = 'unattended';
/** What holds by default. */
const anything: UnattendedRules = { quiet: null, pausedUntil: null, conditions: anyConditions, limits: [] };

export interface UnattendedRules extends Unattended {
  readonly conditions: Conditions;
  /** For every upload, whoever asked for it. */
  readonly limits: readonly UploadLimit[];
}

const stored = z.object({
  quiet: z.object({ from: z.string(), to: z.string() }).nullable(),
  pausedUntil: z.union([z.number(), z.literal('always')]).nullable(),
  conditions: z
    .object({ onBattery: z.boolean(), onMetered: z.boolean(), networks: z.array(z.string()).nullable() })
    .default({ onBattery: true, onMetered: true, networks: null }),
  limits: z
    .array(
      z.object({
        bytesPerSecond: z.number().positive(),
        from: z.string().nullable(),
        to: z.string().nullable(),
      }),
    )
    .default([]),
});

export async function readUnattended(db: Reader): Promise<UnattendedRules> {
  const found = stored.safeParse(await readSetting(db, KEY));
  return found.success ? found.data : anything;
}

export async function writeUnattended(tx: Tx, unattended: UnattendedRules): Promise<void> {
  await writeSetting(tx, KEY, unattended);
}
