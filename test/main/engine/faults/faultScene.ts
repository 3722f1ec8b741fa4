/**
 * A scene for the fault matrix: an engine, a vault over real HTTP that does as a script says, and time that passes when
 * somebody waits. Tests end with `proveWhole`: what was broken is finished, restored elsewhere and compared by code that
 * shares nothing with the engine.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { OrderSummary } from '../../../../src/shared/types.ts';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { Fault } from '../../../../src/main/simulator/faults.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { PassingTime } from './passingTime.ts';

/** Refused by whoever decides on rights. */
export const denied = { status: 403, code: 'AccessDeniedException', message: 'no', when: 'before' } as const;

/** Key slots at the vault: the one archive that no row of the catalog's packs stands for. */
const KEY_ARCHIVES = 1;

/** Runs a test in a scene that is set up and, whatever happens, removed. */
export async function inScene(act: (scene: FaultScene) => Promise<void>, idleMs?: number): Promise<void> {
  const scene = new FaultScene(idleMs);
  try {
    await scene.begin();
    await act(scene);
  } finally {
    await scene.remove();
  }
}

export class FaultScene extends Scene {
  readonly time: PassingTime;
  #simulator: Simulator | null = null;
  #port = 0;
  readonly #askedBefore = new Map<string, number>();

  /** @param idleMs longest silence on a connection */
  constructor(idleMs?: number) {
    const time = new PassingTime();
    super({ clock: time, ...(idleMs !== undefined && { idleMs }) });
    this.time = time;
  }

  get simulator(): Simulator {
    if (this.#simulator === null) throw new RangeError('the vault is down');
    return this.#simulator;
  }

  /** A vault, keys, and a plan `docs` over a small tree that makes two packs, or what `grow` makes. */
  async begin(packMiB = 4, grow: (root: string) => void = growTree): Promise<void> {
    grow(this.source);
    await this.vaultUp();
    await this.setUp({ ...this.vault(), packMiB });
    this.time.meanwhile = (ms) => this.#simulator?.advance(ms);
  }

  vault() {
    const { region, url: endpoint } = this.simulator;
    return { kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 } as const;
  }

  /** Starts the vault, where it was before if it was. Retrievals are ready as soon as they are asked for. */
  async vaultUp(): Promise<void> {
    const dir = this.path('simulator');
    const durations = { Expedited: 0, Standard: 0, Bulk: 0 };
    this.#simulator = await startSimulator({ dir, durability: 'none', port: this.#port, durations });
    this.#port = Number(new URL(this.#simulator.url).port);
    process.env.AWS_ACCESS_KEY_ID = this.#simulator.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = this.#simulator.secretAccessKey;
  }

  /** Cuts every connection; the port refuses from now on. */
  async vaultDown(): Promise<void> {
    const { operations } = this.simulator.counts();
    for (const name of Object.keys(operations)) this.#askedBefore.set(name, this.asked(name));
    const gone = this.#simulator;
    this.#simulator = null;
    await gone?.close();
  }

  override async remove(): Promise<void> {
    await this.close();
    await this.#simulator?.close();
    await super.remove();
  }

  /** Begins the next life of the engine. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
    await this.ask('profile:unlock', { passphrase: PASSPHRASE });
  }

  fail(...faults: readonly Fault[]): void {
    for (const fault of faults) this.simulator.failNext(fault);
  }

  /** Requests of an operation so far, refused ones included, in all lives of the vault. */
  asked(operation: string): number {
    const now = this.#simulator?.counts().operations[operation] ?? 0;
    return (this.#askedBefore.get(operation) ?? 0) + now;
  }

  /** Orders everything into `name`, and waits for the end or for what stops it. */
  restoreTo(name: string): Promise<OrderSummary> {
    return this.restore({ to: this.path(name) });
  }

  /** Carries on what was ordered. */
  async carryOn(): Promise<OrderSummary> {
    const stopped = this.stoppedOrder();
    await this.ask('orders:resume', {});
    return stopped;
  }

  /** Archives the vault really holds, whatever its inventory says. */
  async archives(): Promise<number> {
    const { vaults } = (await (await fetch(`${this.simulator.url}/-simulator/state`)).json()) as {
      readonly vaults: readonly { readonly archives: number }[];
    };
    return vaults.reduce((sum, { archives }) => sum + archives, 0);
  }

  /** Names and bytes of what waits to be sent. */
  staged(): readonly string[] {
    return readdirSync(join(this.profile, 'staging'));
  }

  /** SHA-256 of the first pack that waits. */
  stagedHash(): string {
    const [pack] = this.staged().filter((name) => name.endsWith('.pack'));
    if (pack === undefined) return expect.fail('nothing waits to be sent');
    return sha256(join(this.profile, 'staging', pack));
  }

  /** The files in which the vault keeps its archives. */
  storedFiles(): readonly string[] {
    const files = readdirSync(this.path('simulator', 'glacier'), { recursive: true, withFileTypes: true });
    return files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  }

  storedHashes(): readonly string[] {
    return this.storedFiles().map(sha256);
  }

  /**
   * The end of every test: the plan is backed up, no archive is there twice but for `extra`, nothing lies about, and all of
   * it comes back in another place as it was.
   */
  async proveWhole({ extra = 0, to = 'out' }: { extra?: number; to?: string } = {}): Promise<void> {
    const run = await this.backup();
    expect(run).toMatchObject({ state: 'done', failure: null });
    expect(this.staged()).toEqual([]);
    const { archives } = await this.ask('targets:show', { name: 'attic' });
    expect(await this.archives()).toBe(archives + KEY_ARCHIVES + extra);
    await this.reopen();
    expect(await this.restoreTo(to)).toMatchObject({ state: 'done', failedFiles: 0, failure: null });
    await this.compare(to);
  }

  async compare(name: string): Promise<void> {
    const comparison = await compareTrees(this.source, this.path(name, 'source'));
    expect(comparison).toMatchObject({ differenceCount: 0, differences: [] });
    expect(comparison.files).toBeGreaterThan(3);
    expect(readdirSync(this.path(name))).toEqual(['source']);
    expect(readdirSync(join(this.profile, 'restore'))).toEqual([]);
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Two packs of 4 MiB, of files small and large. */
function growTree(root: string): void {
  mkdirSync(join(root, 'many', 'deep'), { recursive: true });
  for (let i = 0; i < 20; i++) writeFileSync(join(root, 'many', `${i}`), randomBytes(1 + i * 300));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'big 1'), randomBytes(5_000_000));
  writeFileSync(join(root, 'big 2'), randomBytes(3_000_000));
  linkSync(join(root, 'big 2'), join(root, 'many', 'deep', 'the same'));
  symlinkSync('nowhere', join(root, 'many', 'dangling'));
  writeFileSync(join(root, 'holes'), 'x');
  truncateSync(join(root, 'holes'), 2_000_000);
}

/** One file to speak of, in one pack that goes out in `BIG_PARTS` parts, two of them at once. */
export function growOneBigFile(root: string): void {
  writeFileSync(join(root, 'big'), randomBytes(34 * 1024 * 1024));
  for (const name of ['b', 'c', 'd']) writeFileSync(join(root, name), '');
}

export const BIG_PARTS = 3;

/** Turns one bit of a file. */
export function flipBit(path: string, at: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.of(byte.readUInt8() ^ 0x10), 0, 1, at);
  closeSync(file);
}
