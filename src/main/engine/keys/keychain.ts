/**
 * The keychain of the operating system: AWS keys that were typed in, and a convenience copy of the master keys, so that
 * nobody types the passphrase before each backup. Of those it is never the only copy, and nothing here is an error: a keychain that is missing, locked or
 * silent means that the passphrase is asked for, and why is said in `reason`.
 */
import { KEY_BYTES } from '../crypto.ts';
import type { MasterKey } from './masterKey.ts';

const SERVICE = 'Permafrost';
const ANSWER_WITHIN_MS = 5_000;
/** Tells our entries from anything else under the same name, and from forms still to come. */
const PREFIX = 'permafrost-master-keys-1:';
/** Far more key epochs than anybody has. */
const MAX_KEYS = 32;

/** The part of keytar that is used. */
export interface Keychain {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

export interface KeychainOptions {
  /** How the keychain is reached; by default through keytar, which is loaded when it is first needed. */
  readonly load?: () => Promise<Keychain>;
  readonly answerWithinMs?: number;
}

/** `reason` is a short text for a person: why there is no answer, or null. */
export interface KeychainAnswer {
  readonly done: boolean;
  readonly reason: string | null;
}

export interface RecalledKeys {
  /** By epoch, ascending; null when the keychain has none or does not answer. */
  readonly keys: readonly MasterKey[] | null;
  readonly reason: string | null;
}

/** Keeps the keys of all epochs under `account`, in place of what was there. */
export async function rememberMasterKeys(
  account: string,
  keys: readonly MasterKey[],
  options: KeychainOptions = {},
): Promise<KeychainAnswer> {
  const secret = PREFIX + keys.map(({ epoch, key }) => `${epoch}=${key.toString('base64url')}`).join(',');
  return rememberSecret(account, secret, options);
}

export async function recallMasterKeys(
  account: string,
  options: KeychainOptions = {},
): Promise<RecalledKeys> {
  const { secret, reason } = await recallSecret(account, options);
  if (reason !== null) return { keys: null, reason };
  if (secret === null) return { keys: null, reason: 'the keychain has no key for this profile' };
  const keys = parseKeys(secret);
  return keys === null
    ? { keys, reason: 'what the keychain has for this profile is not a key' }
    : { keys, reason: null };
}

function parseKeys(secret: string): readonly MasterKey[] | null {
  const words = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length).split(',') : [];
  const keys = words.slice(0, MAX_KEYS).map((word) => {
    const [, epoch = '0', spelled = ''] = /^([1-9][0-9]{0,9})=([A-Za-z0-9_-]{43})$/.exec(word) ?? [];
    return { epoch: Number(epoch), key: Buffer.from(spelled, 'base64url') };
  });
  const areWhole = keys.every(({ epoch, key }) => epoch > 0 && key.length === KEY_BYTES);
  return keys.length > 0 && areWhole ? keys.sort((a, b) => a.epoch - b.epoch) : null;
}

/** `done` is false, too, when there was nothing to forget. */
export async function forgetSecret(account: string, options: KeychainOptions = {}): Promise<KeychainAnswer> {
  const answer = await ask(options, (keychain) => keychain.deletePassword(SERVICE, account));
  return answer.reason === null
    ? { done: answer.value, reason: null }
    : { done: false, reason: answer.reason };
}

type Answer<T> = { readonly reason: null; readonly value: T } | { readonly reason: string };

/** Keeps any short text under `account`, in place of what was there. */
export async function rememberSecret(
  account: string,
  secret: string,
  options: KeychainOptions = {},
): Promise<KeychainAnswer> {
  const answer = await ask(options, (keychain) => keychain.setPassword(SERVICE, account, secret));
  return { done: answer.reason === null, reason: answer.reason };
}

/** `secret` is null when the keychain has none, and when it does not answer: then `reason` says why. */
export async function recallSecret(
  account: string,
  options: KeychainOptions = {},
): Promise<{ readonly secret: string | null; readonly reason: string | null }> {
  const answer = await ask(options, (keychain) => keychain.getPassword(SERVICE, account));
  return answer.reason === null
    ? { secret: answer.value, reason: null }
    : { secret: null, reason: answer.reason };
}

async function ask<T>(
  options: KeychainOptions,
  question: (keychain: Keychain) => Promise<T>,
): Promise<Answer<T>> {
  const { load = loadKeytar, answerWithinMs = ANSWER_WITHIN_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<Answer<T>>((resolve) => {
    timer = setTimeout(() => resolve({ reason: 'the keychain does not answer' }), answerWithinMs);
  });
  // Both ends are handled here, so an answer that comes after the time limit is nobody's unhandled rejection.
  const answer = (async () => question(await load()))().then(
    (value): Answer<T> => ({ reason: null, value }),
    (error: unknown): Answer<T> => ({ reason: describe(error) }),
  );
  try {
    return await Promise.race([answer, patience]);
  } finally {
    clearTimeout(timer);
  }
}

async function loadKeytar(): Promise<Keychain> {
  // A CommonJS module with a native part: its functions are on the default export when it is loaded from source.
  const keytar: Keychain & { readonly default?: Keychain } = await import('keytar');
  return keytar.default ?? keytar;
}

function describe(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return `the keychain cannot be used: ${line}`;
}
