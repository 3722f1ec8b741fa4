/**
 * One seed's story: a small tree is backed up, edited, backed up again, and both snapshots are restored, while the engine
 * is killed now and then, wherever it happens to be, also while it recovers from the kill before. The vault lives in this
 * process. A seed gives the same trees and the same kills; where in its work a kill finds the engine is the machine's doing.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import type { RunSummary } from '../../../../src/shared/types.ts';
import { type ActOf, type Answers, Killable } from './killable.ts';
import { below, edited, layTree, newTree, type Random, randomOf, type Tree } from './randomTree.ts';
import { letHoursPass } from '../thaw.ts';

const HOUR_MS = 3_600_000;

/** What a seed came to, if nothing was wrong. */
export interface Figures {
  /** Kills while it opened and recovered, and while it worked. */
  readonly inRecovery: number;
  readonly inWork: number;
  readonly snapshots: number;
  /** Archives in the vault that no snapshot needs: key slots sent twice, manifests that were dropped. */
  readonly extraArchives: number;
  /** How long opening took, after a kill. */
  readonly recoveriesMs: readonly number[];
}

/** How long each act takes here, as far as was seen: kills are spread over that. */
export class Pace {
  readonly #ms = { open: 250, backup: 500, restore: 1000 };

  of(kind: 'open' | 'backup' | 'restore'): number {
    return this.#ms[kind];
  }

  saw(kind: 'open' | 'backup' | 'restore', ms: number): void {
    this.#ms[kind] += (ms - this.#ms[kind]) / 8;
  }
}

/** @throws Error that says what was wrong */
export async function tellStory(seed: number, script: string, pace: Pace): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'permafrost-kills-'));
  const simulator = await startSimulator({ dir: join(dir, 'vault'), durability: 'none' });
  const story = new Story(seed, dir, script, simulator, pace);
  try {
    return await story.tell();
  } finally {
    await story.end();
    await simulator.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

class Story {
  readonly #random: Random;
  readonly #dir: string;
  readonly #simulator: Simulator;
  readonly #engine: Killable;
  readonly #pace: Pace;
  readonly #clock: NodeJS.Timeout;
  #tree: Tree;
  #inRecovery = 0;
  #inWork = 0;
  readonly #recoveriesMs: number[] = [];
  /** Snapshots that the engine has said are committed, and the tree at that time. */
  readonly #told = new Map<string, Tree>();

  constructor(seed: number, dir: string, script: string, simulator: Simulator, pace: Pace) {
    this.#random = randomOf(seed);
    this.#dir = dir;
    this.#simulator = simulator;
    this.#pace = pace;
    this.#engine = new Killable(script, {
      ...process.env,
      NODE_COMPILE_CACHE: join(dirname(script), 'compiled'),
      AWS_ACCESS_KEY_ID: simulator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: simulator.secretAccessKey,
    });
    this.#tree = newTree(this.#random);
    this.#clock = letHoursPass(() => this.#simulator, 20);
  }

  async tell(): Promise<Figures> {
    await this.#setUp();
    await this.#backUp();
    this.#edit();
    await this.#backUp();
    for (const [snapshot, tree] of this.#told) await this.#restore(snapshot, tree);
    const figures = await this.#judge();
    await this.#engine.act({ kind: 'close' });
    this.#expectTidy();
    return figures;
  }

  async end(): Promise<void> {
    clearInterval(this.#clock);
    await this.#engine.kill();
  }

  async #setUp(): Promise<void> {
    mkdirSync(this.#source);
    layTree(this.#source, this.#tree);
    await this.#engine.start();
    await this.#engine.act({ kind: 'open', profile: this.#profile });
    const { region, url: endpoint } = this.#simulator;
    const vault = { kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 } as const;
    await this.#engine.ask('targets:add', { name: 'attic', settings: vault });
    await this.#engine.ask('plans:add', { name: 'docs', target: 'attic', sources: [this.#source] });
  }

  /** Until a run says that it is done. Sometimes the files are others when it is tried again. */
  async #backUp(): Promise<void> {
    for (let kills = this.#howOften(); ; kills--) {
      if (kills < 0) throw new RangeError('it was killed more often than planned');
      await this.#open(kills);
      const ended = await this.#timed('backup', { kind: 'backup' }, kills > 0 ? this.#random() : undefined);
      if (ended !== null) this.#note(ended);
      if (this.#engine.isAlive) return;
      this.#inWork++;
      if (this.#random() < 0.25) this.#edit();
    }
  }

  /** What the engine has told is a promise, however it ended afterwards. */
  #note(run: RunSummary): void {
    if (run.state !== 'done') throw new Error(`a run ended as ${run.state}: ${run.failure?.message}`);
    if (run.snapshot !== null) this.#told.set(run.snapshot, this.#tree);
  }

  async #restore(snapshot: string, tree: Tree): Promise<void> {
    // Nothing that one order had retrieved is there for the next.
    this.#simulator.advance(48 * HOUR_MS);
    const to = join(this.#dir, `out ${snapshot}`);
    const act = { kind: 'restore', snapshot, to } as const;
    for (let kills = this.#howOften(); ; kills--) {
      await this.#open(kills);
      // Most of a restore is waiting: half of the kills come early.
      const at = this.#random() < 0.5 ? this.#random() ** 3 : this.#random();
      const order = await this.#timed('restore', act, kills > 0 ? at : undefined);
      if (order !== null && order.state !== 'done') throw new Error(`an order ended as ${order.state}`);
      if (this.#engine.isAlive) break;
      this.#inWork++;
    }
    await this.#compare(tree, to);
  }

  /** Opens the engine if it was killed; may itself be killed at that, each time one kill less. */
  async #open(kills: number): Promise<void> {
    for (let left = Math.min(kills, 2); !this.#engine.isAlive; left--) {
      await this.#engine.start();
      const isKilled = left > 0 && this.#random() < 0.4;
      const begun = Date.now();
      const act = { kind: 'open', profile: this.#profile } as const;
      const opened = await this.#timed('open', act, isKilled ? this.#random() : undefined);
      if (opened !== null) this.#recoveriesMs.push(Date.now() - begun);
      if (isKilled) this.#inRecovery++;
    }
  }

  /**
   * What it came to; null when the engine was killed before it said so.
   * @param killAt in parts of the time the act usually takes
   */
  async #timed<K extends 'open' | 'backup' | 'restore'>(
    kind: K,
    act: ActOf<K>,
    killAt?: number,
  ): Promise<Answers[K] | null> {
    if (killAt !== undefined) {
      const ended = await this.#engine.act<K>(act, killAt * 1.2 * this.#pace.of(kind));
      return ended === null ? null : ended.value;
    }
    const begun = Date.now();
    const ended = await this.#engine.act<K>(act);
    if (ended === null) throw new Error(`something else killed the engine at ${kind}`);
    this.#pace.saw(kind, Date.now() - begun);
    return ended.value;
  }

  #howOften(): number {
    return [0, 0, 1, 1, 2][below(this.#random, 5)] ?? 0;
  }

  #edit(): void {
    const tree = edited(this.#random, this.#tree);
    layTree(this.#source, tree, this.#tree);
    this.#tree = tree;
  }

  async #compare(tree: Tree, to: string): Promise<void> {
    const expected = join(this.#dir, 'expected');
    layTree(expected, tree);
    const { differences, files } = await compareTrees(expected, join(to, 'source'));
    rmSync(expected, { recursive: true });
    if (differences.length > 0) throw new Error(`restored otherwise: ${JSON.stringify(differences)}`);
    if (files < tree.files.size) throw new Error('fewer files were compared than there are');
    const names = readdirSync(to);
    if (names.length !== 1) throw new Error(`left in the restored folder: ${names.join(', ')}`);
  }

  async #judge(): Promise<Figures> {
    const listed = await this.#engine.ask('snapshots:list', {});
    for (const id of this.#told.keys()) {
      if (!listed.some((snapshot) => snapshot.id === id)) throw new Error(`snapshot ${id} is lost`);
    }
    const orders = await this.#engine.ask('orders:list', {});
    const planned = orders.reduce((sum, { retrievals }) => sum + retrievals.total, 0);
    if (this.#jobs !== planned) throw new Error(`${this.#jobs} jobs were started, not ${planned}`);
    const extraArchives = await this.#extraArchives();
    const kills = this.#inRecovery + this.#inWork;
    if (extraArchives < 0) throw new Error('the vault lacks archives that the catalog counts as stored');
    if (extraArchives > kills) throw new Error(`${extraArchives} archives too many after ${kills} kills`);
    return {
      inRecovery: this.#inRecovery,
      inWork: this.#inWork,
      snapshots: listed.length,
      extraArchives,
      recoveriesMs: this.#recoveriesMs,
    };
  }

  /** Beside what the catalog counts, and one copy of the key slots. */
  async #extraArchives(): Promise<number> {
    const state = (await (await fetch(`${this.#simulator.url}/-simulator/state`)).json()) as {
      readonly vaults: readonly { readonly archives: number }[];
    };
    const held = state.vaults.reduce((sum, { archives }) => sum + archives, 0);
    return held - 1 - (await this.#engine.ask('targets:show', { name: 'attic' })).archives;
  }

  #expectTidy(): void {
    for (const folder of ['staging', 'restore']) {
      const names = readdirSync(join(this.#profile, folder));
      if (names.length > 0) throw new Error(`left in ${folder}: ${names.join(', ')}`);
    }
  }

  get #source(): string {
    return join(this.#dir, 'source');
  }

  get #profile(): string {
    return join(this.#dir, 'profile');
  }

  get #jobs(): number {
    return this.#simulator.counts().operations.InitiateJob ?? 0;
  }
}
