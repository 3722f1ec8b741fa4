/**
 * The keys of this profile while the engine runs: none yet, locked, or open.
 *
 * Opens by passphrase or recovery code, or by itself when the OS keychain holds the master keys. Keys never leave it but
 * as key sets for those who seal and open.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crashpoint } from '../crashpoint.ts';
import { hmac, prepareKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { replaceFile } from '../lastingNames.ts';
import { forgetSecret, recallMasterKeys, rememberMasterKeys } from './keychain.ts';
import { createMasterKey, deriveKeys, type KeySet, type MasterKey } from './masterKey.ts';
import { createRecoveryCode, isGroup, readRecoveryCode, spellRecoveryCode } from './recoveryCode.ts';
import { encodeKeySlots, parseKeySlots, type CodeSlot, type KdfCost, type KeySlots } from './slotFile.ts';
import { codeOf, defaultKdfCost, openSlots, sealCodeSlot, sealSlot } from './slots.ts';

/** Generations beside the newest that are tried when a profile is recovered. */
const MAX_OTHERS = 8;

export class KeyRing {
  readonly #file: string;
  /** Under which name the OS keychain keeps this profile's keys. */
  readonly #account: string;
  readonly #cost: KdfCost;
  #isChanging = false;
  #masters: readonly MasterKey[] = [];
  #sets: ReadonlyMap<number, KeySet> = new Map();
  #keychainTrouble: string | null = null;
  /** What it was opened with, if that was the recovery code. */
  #typedCode: string | null = null;
  /** A recovery code that was given before there was anything that it could open. */
  #offered: string | null = null;

  /**
   * @param file the key slots of the profile
   * @param cost of each guess at a passphrase that is set from now on
   */
  constructor(file: string, account: string, cost: KdfCost = defaultKdfCost) {
    this.#file = file;
    this.#account = account;
    this.#cost = cost;
  }

  get state(): 'new' | 'locked' | 'open' {
    if (this.#sets.size > 0) return 'open';
    return existsSync(this.#file) ? 'locked' : 'new';
  }

  /** Why the keychain that was given the keys did not give them back; null when it did or never had them. */
  get keychainTrouble(): string | null {
    return this.#keychainTrouble;
  }

  /** Whether the keychain was given the keys. */
  get isRemembered(): boolean {
    return existsSync(this.#mark);
  }

  /** Makes the master key and seals it with the passphrase. @throws EngineError `conflict` when there is one */
  async init(passphrase: string, remember: boolean): Promise<void> {
    if (this.state !== 'new' || this.#isChanging) {
      throw new EngineError(
        'conflict',
        'This profile already has its keys.',
        'Use it with its passphrase, or choose another folder with --profile.',
        { safe: 'The keys were not touched.' },
      );
    }
    await this.#alone(async () => {
      const masters = [createMasterKey()];
      await this.#seal(masters, 1, passphrase, createRecoveryCode());
      if (remember) await this.remember();
    });
  }

  /**
   * Wraps the keys in new slots under another passphrase; the recovery code stays, where it is known. Copies of the old slots, at the
   * targets or elsewhere, still open with the old one.
   * @throws EngineError `locked`, `invalid`
   */
  async changePassphrase(passphrase: string): Promise<void> {
    this.newest();
    const { generation } = this.slots();
    const code = this.#knownCode() ?? createRecoveryCode();
    await this.#alone(() => this.#seal(this.#masters, generation + 1, passphrase, code));
  }

  /**
   * Adds a key epoch: what is sealed from now on cannot be opened by who has the old keys. Passphrase and recovery code
   * open both; the code is a new one, so that the old kit does not open the new key.
   * @param passphrase the one that the newest slots open with, or a new one
   */
  async addEpoch(passphrase: string): Promise<void> {
    const epoch = this.newest().epoch + 1;
    const { generation } = this.slots();
    const masters = [...this.#masters, createMasterKey(epoch)];
    await this.#alone(async () => {
      await this.#seal(masters, generation + 1, passphrase, createRecoveryCode());
      if (this.isRemembered) await this.remember();
    });
  }

  async #alone(change: () => Promise<void>): Promise<void> {
    if (this.#isChanging) {
      throw new EngineError('busy', 'The keys are being changed.', 'Try again when that is done.');
    }
    this.#isChanging = true;
    try {
      await change();
    } finally {
      this.#isChanging = false;
    }
  }

  async #seal(
    masters: readonly MasterKey[],
    generation: number,
    passphrase: string,
    code: Buffer,
  ): Promise<void> {
    const slots: KeySlots['slots'][number][] = [];
    // One after the other: each takes `cost.memoryKiB`.
    for (const master of masters) slots.push(await sealSlot(master, passphrase, this.#cost));
    for (const master of masters) slots.push(sealCodeSlot(master, deriveKeys(master), code));
    const bytes = encodeKeySlots({ generation, slots });
    await prove(bytes, passphrase, masters);
    await prove(bytes, spellRecoveryCode(code), masters);
    if (generation === 1) rmSync(this.#mark, { force: true });
    replaceFile(this.#file, bytes);
    crashpoint('keys-written');
    this.#open(masters);
  }

  /** Gives the OS keychain a copy of the keys. @throws EngineError `locked`, `unsupported` when it does not take them */
  async remember(): Promise<void> {
    this.newest();
    const { done, reason } = await rememberMasterKeys(this.#account, this.#masters);
    if (done) {
      writeFileSync(this.#mark, '', { mode: 0o600 });
      return;
    }
    throw new EngineError(
      'unsupported',
      `The keychain of this system did not take the key (${reason ?? 'no answer'}).`,
      'Go on without it: the passphrase will be asked for, or taken from PERMAFROST_PASSPHRASE.',
      { safe: 'The keys of the profile are made and its passphrase works.' },
    );
  }

  /** Takes the copy out of the OS keychain. @throws EngineError `unsupported` when the keychain does not answer */
  async forget(): Promise<void> {
    const { reason } = await forgetSecret(this.#account);
    if (reason !== null) {
      throw new EngineError(
        'unsupported',
        `The copy of the key is still in the keychain of this system: ${reason}.`,
        'Unlock the keychain and try again, or delete the entry "Permafrost" in it by hand.',
      );
    }
    rmSync(this.#mark, { force: true });
  }

  /** Says that the keychain was given the key; empty. */
  get #mark(): string {
    return `${this.#file}.remembered`;
  }

  /**
   * @param secret the passphrase, or the recovery code however it is spelled
   * @throws EngineError `wrong-passphrase`, `corrupt` (no usable slot), `not-found` (no keys yet)
   */
  async unlock(secret: string): Promise<void> {
    const failures: unknown[] = [];
    for (const bytes of [this.#bytes(), ...this.#others().map((file) => readFileSync(file))]) {
      try {
        const masters = await openSlots(parseKeySlots(bytes), secret);
        if (this.#others().length > 0) this.#settle(bytes);
        this.#open(masters);
        this.#typedCode = readRecoveryCode(secret).kind === 'code' ? secret : null;
        return;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        failures.push(error);
      }
    }
    throw failures[0];
  }

  /** Keeps a recovery code until `unlockOffered`. */
  offer(code: string): void {
    this.#offered = code;
  }

  /** Opens with the code that was offered, if that is the right one. */
  async unlockOffered(): Promise<void> {
    const offered = this.#offered;
    this.#offered = null;
    if (offered !== null && this.state === 'locked') await this.unlock(offered).catch(unlessRefused);
  }

  /** @throws EngineError as `unlock` does when `secret` does not open these keys; changes nothing */
  async verify(secret: string): Promise<void> {
    await openSlots(parseKeySlots(this.#bytes()), secret);
  }

  /**
   * Takes over key slots that a target or a kit brought, newest first. The newest of which a slot opens at the first
   * `unlock` becomes the profile's.
   * @throws EngineError `corrupt` when none is of any use, `conflict` when the profile has keys
   */
  adopt(candidates: readonly Buffer[]): void {
    if (this.state !== 'new') {
      throw new EngineError('conflict', 'This profile already has its keys.', 'Recover into a new profile.');
    }
    const usable = candidates.filter((bytes) => isUsable(bytes));
    const [newest, ...others] = usable;
    if (newest === undefined) {
      throw new EngineError(
        'corrupt',
        'No key slots that can be used were found at the target.',
        'With a saved recovery kit it goes without them: give it with --kit.',
        { safe: 'Nothing was changed.' },
      );
    }
    for (const [i, bytes] of others.slice(0, MAX_OTHERS).entries())
      replaceFile(`${this.#file}.other-${i + 1}`, bytes);
    replaceFile(this.#file, newest);
    crashpoint('keys-adopted');
  }

  /** Whether the slots are those of a kit, which knows neither the passphrase nor later epochs. */
  get isFromKit(): boolean {
    return existsSync(this.#file) && this.slots().slots.every(({ kind }) => kind === 'code');
  }

  /**
   * Takes the newest of these slots in the place of those of a kit, if the code that was typed opens them. In any case what
   * is sealed later is of a higher generation than any that was seen.
   * @param candidates newest first
   */
  async upgrade(candidates: readonly Buffer[]): Promise<void> {
    const usable = candidates.filter(isUsable);
    const code = this.#typedCode;
    for (const bytes of code === null ? [] : usable) {
      const masters = await openSlots(parseKeySlots(bytes), code ?? '').catch(unlessRefused);
      if (masters === null) continue;
      replaceFile(this.#file, bytes);
      this.#open(masters);
      return;
    }
    const generation = Math.max(
      ...usable.map((bytes) => parseKeySlots(bytes).generation),
      this.slots().generation,
    );
    replaceFile(this.#file, encodeKeySlots({ generation, slots: this.slots().slots }));
  }

  /** Adopted slots that were not opened yet, newest first. */
  #others(): readonly string[] {
    const folder = dirname(this.#file);
    const prefix = `${basename(this.#file)}.other-`;
    return readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .sort()
      .map((name) => join(folder, name));
  }

  #settle(opened: Buffer): void {
    replaceFile(this.#file, opened);
    for (const file of this.#others()) rmSync(file, { force: true });
  }

  /** Tries the OS keychain, if it was ever given the key: asking it takes time and memory. Resolves to whether it opened. */
  async unlockFromKeychain(): Promise<boolean> {
    if (this.state !== 'locked' || !existsSync(this.#mark)) return this.state === 'open';
    const { keys, reason } = await recallMasterKeys(this.#account);
    this.#keychainTrouble = reason;
    if (keys !== null) this.#open(keys);
    return keys !== null;
  }

  /** Forgets the keys until the next unlock. */
  lock(): void {
    this.#typedCode = null;
    this.#masters = [];
    this.#sets = new Map();
  }

  /** Tells these keys from any others, and nothing about them. It stays the same when an epoch is added. */
  fingerprint(): string {
    const [oldest = this.newest()] = this.#sets.values();
    return hmac(prepareKey(oldest.head), Buffer.from('fingerprint/v1')).toString('hex');
  }

  /** The key slots as they are kept, for the copy that goes to each target. */
  slots(): KeySlots {
    return parseKeySlots(this.#bytes());
  }

  #bytes(): Buffer {
    if (existsSync(this.#file)) return readFileSync(this.#file);
    throw new EngineError('not-found', 'This profile has no keys yet.', 'Make them first: permafrost init.');
  }

  /** The recovery code as it is written on the kit. @throws EngineError `locked`, `not-found` */
  recoveryCode(): string {
    return spellRecoveryCode(this.#code());
  }

  /** Whether the group (from 1) of the recovery code was typed as it is. @throws EngineError `locked`, `not-found` */
  isCodeGroup(group: number, typed: string): boolean {
    return isGroup(this.#code(), group, typed);
  }

  /** The slots that the recovery code opens, one for each epoch. */
  codeSlots(): readonly CodeSlot[] {
    return this.slots().slots.filter((slot) => slot.kind === 'code');
  }

  #knownCode(): Buffer | null {
    const keys = this.newest();
    for (const slot of this.codeSlots()) {
      const code = slot.epoch === keys.epoch ? codeOf(slot, keys) : null;
      if (code !== null) return code;
    }
    return null;
  }

  #code(): Buffer {
    const code = this.#knownCode();
    if (code !== null) return code;
    throw new EngineError(
      'not-found',
      'These keys have no recovery code.',
      'Set the passphrase once more (permafrost passphrase): that makes one.',
    );
  }

  /** Keys of the newest epoch, to seal with. @throws EngineError `locked` */
  newest(): KeySet {
    const newest = [...this.#sets.values()].at(-1);
    if (newest === undefined) throw this.#locked();
    return newest;
  }

  /** Keys of all epochs, ascending. @throws EngineError `locked` */
  all(): readonly KeySet[] {
    this.newest();
    return [...this.#sets.values()];
  }

  /** Keys to open what an epoch sealed. @throws EngineError `locked`, `not-found` */
  ofEpoch(epoch: number): KeySet {
    if (this.#sets.size === 0) throw this.#locked();
    const keys = this.#sets.get(epoch);
    if (keys !== undefined) return keys;
    throw new EngineError(
      'not-found',
      `The key of epoch ${epoch} is not in this profile.`,
      'Unlock with the passphrase; if that was done, recover the profile from the target.',
    );
  }

  #open(masters: readonly MasterKey[]): void {
    this.#masters = masters;
    this.#sets = new Map(masters.map((master) => [master.epoch, deriveKeys(master)]));
  }

  #locked(): EngineError {
    if (this.state === 'new')
      return new EngineError('locked', 'This profile has no keys yet.', 'Make them first: permafrost init.');
    const trouble = this.#keychainTrouble;
    return new EngineError(
      'locked',
      trouble === null
        ? 'The passphrase is needed.'
        : `The passphrase is needed: this system was to remember the key, but ${trouble}.`,
      'Give it with PERMAFROST_PASSPHRASE, --passphrase-file, or type it when asked.',
    );
  }
}

/** A slot is published only after its exact bytes have given the keys back. */
async function prove(bytes: Buffer, secret: string, masters: readonly MasterKey[]): Promise<void> {
  const opened = await openSlots(parseKeySlots(bytes), secret);
  const areAll = masters.every(
    ({ epoch, key }) => opened.find((master) => master.epoch === epoch)?.key.equals(key) === true,
  );
  if (!areAll) throw new RangeError('a new key slot does not open');
}

function unlessRefused(error: unknown): null {
  if (error instanceof EngineError) return null;
  throw error;
}

function isUsable(bytes: Buffer): boolean {
  try {
    return parseKeySlots(bytes).slots.length > 0;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
