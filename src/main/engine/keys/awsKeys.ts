/** AWS keys that somebody typed in: in the keychain of this system and nowhere else, each under a name. */
import { z } from 'zod';
import { EngineError } from '../failure.ts';
import { forgetSecret, recallSecret, rememberSecret } from './keychain.ts';

const keysShape = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string().optional(),
});

export type TypedKeys = z.output<typeof keysShape>;

/** @throws EngineError `unsupported` when the keychain does not take them */
export async function rememberAwsKeys(name: string, keys: TypedKeys): Promise<void> {
  const { done, reason } = await rememberSecret(accountOf(name), JSON.stringify(keys));
  if (!done) throw noKeychain(reason);
}

/** @throws EngineError `denied` when there are none of that name, or the keychain does not give them */
export async function recallAwsKeys(name: string): Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}> {
  const { secret, reason } = await recallSecret(accountOf(name));
  const keys = secret === null ? undefined : keysShape.safeParse(parsed(secret));
  if (keys?.success === true) {
    const { sessionToken, ...both } = keys.data;
    return { ...both, ...(sessionToken !== undefined && { sessionToken }) };
  }
  throw new EngineError(
    'denied',
    `The AWS keys "${name}" are not to be had from the keychain of this system${reason === null ? '' : `: ${reason}`}.`,
    reason === null
      ? `Type them in once more: permafrost aws-keys set ${name}`
      : 'Unlock the keychain, or use an AWS profile or the environment instead.',
    { safe: 'Nothing was asked of the service.' },
  );
}

/** No error when there are none. @throws EngineError `unsupported` when the keychain does not answer */
export async function forgetAwsKeys(name: string): Promise<void> {
  const { reason } = await forgetSecret(accountOf(name));
  if (reason !== null) throw noKeychain(reason);
}

function accountOf(name: string): string {
  return `aws-keys:${name}`;
}

function parsed(secret: string): unknown {
  try {
    return JSON.parse(secret);
  } catch {
    return null;
  }
}

function noKeychain(reason: string | null): EngineError {
  return new EngineError(
    'unsupported',
    `The keychain of this system cannot be used (${reason ?? 'no answer'}), and keys are kept nowhere else.`,
    'Use an AWS profile or the environment for them instead.',
    { safe: 'Nothing was written down.' },
  );
}
