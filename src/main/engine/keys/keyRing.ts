/**
 * The keys of this profile while the engine runs: none yet, locked, or open.
 *
 * Opens by passphrase, or by itself when the OS keychain holds the master key. Keys never leave it but as key sets
 * for those who seal and open.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { crashpoint } from '../crashpoint.ts';
import { hmac, prepareKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { replaceFile } from '../lastingNames.ts';
import { recallMasterKey, rememberMasterKey } from './keychain.ts';
import { createMasterKey, deriveKeys, type KeySet, type MasterKey } from './masterKey.ts';
import { encodeKeySlots, parseKeySlots, type KdfCost, type KeySlots } from './slotFile.ts';
import { defaultKdfCost, openSlots, sealSlot } from './slots.ts';

export class KeyRing {
  readonly #file: string;
  /** Under which name the OS keychain keeps this profile's key. */
  readonly #account: string;
  readonly #cost: KdfCost;
  #isMaking = false;
  #sets: ReadonlyMap<number, KeySet> = new Map();

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

  /** Makes the master key and seals it with the passphrase. @throws EngineError `conflict` when there is one */
  async init(passphrase: string, remember: boolean): Promise<void> {
    if (this.state !== 'new' || this.#isMaking) {
      throw new EngineError(
        'conflict',
        'This profile already has its keys.',
        'Use it with its passphrase, or choose another folder with --profile.',
        { safe: 'The keys were not touched.' },
      );
    }
    this.#isMaking = true;
    try {
      await this.#make(passphrase, remember);
    } finally {
      this.#isMaking = false;
    }
  }

  async #make(passphrase: string, remember: boolean): Promise<void> {
    const master = createMasterKey();
    const slots: KeySlots = { generation: 1, slots: [await sealSlot(master, passphrase, this.#cost)] };
    const bytes = encodeKeySlots(slots);
    await this.#prove(bytes, passphrase, master);
    rmSync(this.#mark, { force: true });
    replaceFile(this.#file, bytes);
    crashpoint('keys-written');
    this.#open([master]);
    if (remember) await this.#remember(master);
  }

  /** A slot is published only after its exact bytes have given the key back. */
  async #prove(bytes: Buffer, passphrase: string, master: MasterKey): Promise<void> {
    const [opened] = await openSlots(parseKeySlots(bytes), passphrase);
    if (opened?.key.equals(master.key) !== true) throw new RangeError('a new key slot does not open');
  }

  async #remember(master: MasterKey): Promise<void> {
    const { done, reason } = await rememberMasterKey(this.#account, master.key);
    if (done) {
      writeFileSync(this.#mark, '', { mode: 0o600 });
      return;
    }
    throw new EngineError(
      'unsupported',
      `The keychain of this system did not take the key (${reason ?? 'no answer'}).`,
      'Go on without it: the passphrase will be asked for, or taken from PERMAFROST_PASSPHRASE.',
      { safe: 'The profile was made and its passphrase works.' },
    );
  }

  /** Says that the keychain was given the key; empty. */
  get #mark(): string {
    return `${this.#file}.remembered`;
  }

  /** @throws EngineError `wrong-passphrase`, `corrupt` (no usable slot), `not-found` (no keys yet) */
  async unlock(passphrase: string): Promise<void> {
    this.#open(await openSlots(this.slots(), passphrase));
  }

  /** Tries the OS keychain, if it was ever given the key: asking it takes time and memory. Resolves to whether it opened. */
  async unlockFromKeychain(): Promise<boolean> {
    if (this.state !== 'locked' || !existsSync(this.#mark)) return this.state === 'open';
    const { key } = await recallMasterKey(this.#account);
    if (key !== null) this.#open([{ epoch: 1, key }]);
    return key !== null;
  }

  /** Forgets the keys until the next unlock. */
  lock(): void {
    this.#sets = new Map();
  }

  /** Tells these keys from any others, and nothing about them. */
  fingerprint(): string {
    return hmac(prepareKey(this.newest().head), Buffer.from('fingerprint/v1')).toString('hex');
  }

  /** The key slots as they are kept, for the copy that goes to each target. */
  slots(): KeySlots {
    if (!existsSync(this.#file)) {
      throw new EngineError(
        'not-found',
        'This profile has no keys yet.',
        'Make them first: permafrost init.',
      );
    }
    return parseKeySlots(readFileSync(this.#file));
  }

  /** Keys of the newest epoch, to seal with. @throws EngineError `locked` */
  newest(): KeySet {
    const newest = [...this.#sets.values()].at(-1);
    if (newest === undefined) throw this.#locked();
    return newest;
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
    this.#sets = new Map(masters.map((master) => [master.epoch, deriveKeys(master)]));
  }

  #locked(): EngineError {
    return this.state === 'new'
      ? new EngineError('locked', 'This profile has no keys yet.', 'Make them first: permafrost init.')
      : new EngineError(
          'locked',
          'The passphrase is needed.',
          'Give it with PERMAFROST_PASSPHRASE, --passphrase-file, or type it when asked.',
        );
  }
}
