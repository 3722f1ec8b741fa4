/** The one account of a simulator: made up on first start and kept in its folder. */
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceFile } from './replaceFile.ts';

const accountShape = z.object({
  /** 12 digits. */
  accountId: z.string().regex(/^\d{12}$/),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
});

export type Account = Readonly<z.infer<typeof accountShape>>;

/** The account kept in `path` (made and kept if absent), with what the caller chose put over it. */
export function openAccount(
  path: string,
  chosen: { [K in keyof Account]?: Account[K] | undefined },
): Account {
  let kept: Account;
  try {
    kept = accountShape.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    kept = newAccount();
    replaceFile(path, JSON.stringify(kept), 0o600);
  }
  return accountShape.parse({
    accountId: chosen.accountId ?? kept.accountId,
    accessKeyId: chosen.accessKeyId ?? kept.accessKeyId,
    secretAccessKey: chosen.secretAccessKey ?? kept.secretAccessKey,
  });
}

function newAccount(): Account {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const key = Array.from({ length: 16 }, () => letters.charAt(randomInt(letters.length))).join('');
  return {
    accountId: String(randomInt(1e11, 1e12)),
    accessKeyId: `AKIA${key}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
}
