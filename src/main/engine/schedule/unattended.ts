/** What holds for everything that begins by itself, kept as one setting. */
import { z } from 'zod';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import type { Reader, Tx } from '../catalog/db.ts';
import type { Unattended } from './nextRun.ts';

const KEY = 'unattended';
const anything: Unattended = { quiet: null, pausedUntil: null };

const stored = z.object({
  quiet: z.object({ from: z.string(), to: z.string() }).nullable(),
  pausedUntil: z.union([z.number(), z.literal('always')]).nullable(),
});

export async function readUnattended(db: Reader): Promise<Unattended> {
  const found = stored.safeParse(await readSetting(db, KEY));
  return found.success ? found.data : anything;
}

export async function writeUnattended(tx: Tx, unattended: Unattended): Promise<void> {
  await writeSetting(tx, KEY, unattended);
}
