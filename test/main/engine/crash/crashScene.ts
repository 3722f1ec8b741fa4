/**
 * A scene for crash tests: the vault lives in this process and outlives every engine, which live and die in processes of
 * their own. The vault's hours pass whenever something waits for them.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { CrashPoint } from '../../../../src/main/engine/crashpoint.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { Scene } from '../scene.ts';
import { bundledChild } from './bundleChild.ts';
import { letHoursPass } from '../thaw.ts';

/** How one life of an engine ended. */
export interface Life {
  /** What the run or order came to; null when it was killed before that. */
  readonly state: string | null;
  readonly killed: boolean;
}

export class CrashScene {
  readonly scene = new Scene();
  #simulator: Simulator | null = null;
  #clock: NodeJS.Timeout | null = null;

  get simulator(): Simulator {
    if (this.#simulator === null) throw new RangeError('set the scene up first');
    return this.#simulator;
  }

  /** A profile with keys, a vault, and a plan over a small tree with one of everything. */
  async setUp(): Promise<void> {
    growTree(this.scene.source);
    this.#simulator = await startSimulator({ dir: this.scene.path('simulator'), durability: 'none' });
    process.env.AWS_ACCESS_KEY_ID = this.simulator.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = this.simulator.secretAccessKey;
    const { region, url: endpoint } = this.simulator;
    await this.scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 });
    await this.scene.close();
    this.#clock = letHoursPass(() => this.simulator, 50);
  }

  async remove(): Promise<void> {
    if (this.#clock !== null) clearInterval(this.#clock);
    await this.#simulator?.close();
    await this.scene.remove();
  }

  /** Lets an engine live until its work is done or the crash point ends it. */
  async live(act: readonly string[], crashAt?: string, profile = this.scene.profile): Promise<Life> {
    const script = await bundledChild(join(import.meta.dirname, 'crashChild.ts'));
    const child = fork(script, [profile, ...act], {
      stdio: 'inherit',
      execArgv: [],
      env: { ...process.env, ...(crashAt !== undefined && { PERMAFROST_CRASH_AT: crashAt }) },
    });
    let state: string | null = null;
    child.on('message', (message: string) => (state = message));
    return new Promise((resolve) =>
      child.once('exit', (_code, signal) => resolve({ state, killed: signal === 'SIGKILL' })),
    );
  }

  /** Lives until the crash point; fails the test if the engine never comes past it. */
  async crash(act: readonly string[], point: CrashPoint, nth = 1, profile?: string): Promise<void> {
    const life = await this.live(act, `${point}#${nth}`, profile);
    expect(life, `${point} was not reached`).toMatchObject({ killed: true });
  }

  /** Orders everything into a new folder, brings it home whatever it takes, and compares it with the source. */
  async restoreAndCompare(name: string): Promise<void> {
    const to = this.scene.path(name);
    expect(await this.live(['restore', to])).toEqual({ state: 'done', killed: false });
    await this.compare(name);
  }

  async compare(name: string): Promise<void> {
    const comparison = await compareTrees(this.scene.source, this.scene.path(name, 'source'));
    expect(comparison).toMatchObject({ differenceCount: 0, differences: [], hardLinks: 1, symlinks: 1 });
    expect(comparison.files).toBeGreaterThan(40);
    expect(readdirSync(this.scene.path(name))).toEqual(['source']);
  }

  /** Nothing of ours is left lying about in the profile. */
  expectTidy(): void {
    expect(readdirSync(join(this.scene.profile, 'staging'))).toEqual([]);
    expect(readdirSync(join(this.scene.profile, 'restore'))).toEqual([]);
  }

  /** How many archives the vault really holds, whatever its last inventory says. */
  async archivesInVault(): Promise<number> {
    const state = (await (await fetch(`${this.simulator.url}/-simulator/state`)).json()) as {
      readonly vaults: readonly { readonly archives: number }[];
    };
    return state.vaults.reduce((sum, { archives }) => sum + archives, 0);
  }

  get retrievalsAsked(): number {
    return this.simulator.counts().operations.InitiateJob ?? 0;
  }
}

function growTree(root: string): void {
  mkdirSync(join(root, 'many', 'deep'), { recursive: true });
  for (let i = 0; i < 40; i++) writeFileSync(join(root, 'many', `${i}`), randomBytes(1 + i * 200));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'big 1'), randomBytes(5_000_000));
  writeFileSync(join(root, 'big 2'), randomBytes(3_000_000));
  linkSync(join(root, 'big 2'), join(root, 'many', 'deep', 'the same'));
  symlinkSync('nowhere', join(root, 'many', 'dangling'));
  writeFileSync(join(root, 'holes'), 'x');
  truncateSync(join(root, 'holes'), 2_000_000);
  utimesSync(join(root, 'many', 'deep'), 1_000_000_000, 1_000_000_000);
}
