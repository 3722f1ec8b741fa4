/**
 * The head file: which snapshot this installation committed last to a target, kept beside the catalog (step 10).
 *
 * The catalog knows it too. But a catalog can be restored from an old copy, and would then take packs and epochs of
 * later snapshots for free; a head above the catalog's own shows that. It is authenticated, and it is only ever raised.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TargetRow } from '../catalog/targets.ts';
import { equalBytes, hmac, prepareKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { replaceFile } from '../lastingNames.ts';

const headSchema = z.object({
  epoch: z.number().int().min(1),
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  keyEpoch: z.number().int(),
  seal: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Raises the head file of a target to what the catalog has committed. */
export function raiseHead(headsDir: string, target: TargetRow, keys: KeySet): void {
  if (target.head === null) return;
  const manifest = target.head.toString('hex');
  const seal = sealOf(keys, target.uid, target.epoch, manifest).toString('hex');
  const head = { epoch: target.epoch, manifest, keyEpoch: keys.epoch, seal };
  replaceFile(headPath(headsDir, target.uid), `${JSON.stringify(head)}\n`);
}

/**
 * Refuses to add to a target of which this catalog does not know the newest snapshot.
 * @param keys of every key epoch: the head was sealed with those that were the newest then
 * @throws EngineError `conflict`
 */
export function assertCaughtUp(headsDir: string, target: TargetRow, keys: readonly KeySet[]): void {
  const epoch = headEpoch(headsDir, target, keys);
  if (epoch <= target.epoch) return;
  throw new EngineError(
    'conflict',
    `The catalog knows ${target.epoch} snapshots at ${target.name}, but ${epoch} were committed there: it is an old copy.`,
    'Put the newest catalog back into the profile, or make a new profile and back up with that.',
    { safe: 'Nothing at the target was touched.' },
  );
}

/** Epoch in the head file; 0 when there is none, or none that this profile has sealed. */
function headEpoch(headsDir: string, target: TargetRow, allKeys: readonly KeySet[]): number {
  const path = headPath(headsDir, target.uid);
  if (!existsSync(path)) return 0;
  const read = headSchema.safeParse(parsedJson(readFileSync(path, 'utf8')));
  if (!read.success) return 0;
  const { epoch, manifest, keyEpoch, seal } = read.data;
  const keys = allKeys.find((set) => set.epoch === keyEpoch);
  if (keys === undefined) return 0;
  return equalBytes(sealOf(keys, target.uid, epoch, manifest), Buffer.from(seal, 'hex')) ? epoch : 0;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sealOf(keys: KeySet, targetUid: string, epoch: number, manifest: string): Buffer {
  return hmac(prepareKey(keys.head), Buffer.from(`head/v1|${targetUid}|${epoch}|${manifest}`));
}

/** What a former installation of this profile had committed says nothing of this one. */
export function dropHeads(headsDir: string): void {
  for (const name of readdirSync(headsDir)) rmSync(join(headsDir, name), { force: true });
}

function headPath(headsDir: string, targetUid: string): string {
  return join(headsDir, `${targetUid}.json`);
}
