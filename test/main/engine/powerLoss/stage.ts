/**
 * The stage of these tests: a computer whose power goes, a vault that lives on, and the source, which stays as it is.
 *
 *   computer/profile, computer/out   what is recorded, and laid down again as a power cut would leave it
 *   world/vault, world/promises      what is outside: at each moment exactly what it was at that moment
 */
import { keepWriter } from '../../../../src/main/engine/profile.ts';
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startSimulator } from '../../../../src/main/simulator/simulator.ts';
import { bundledChild } from '../crash/bundleChild.ts';
import { Disk } from './disk.ts';
import { everything, type FateName, fateNames, fateOf } from './fates.ts';
import { Person, type Promised } from './person.ts';
import { type Act, buildRecorder, readRecording, recordedBy } from './recording.ts';
import { digestOf, layTree, listTree, type TreeFolder } from './tree.ts';
import { environmentOf, instantly, type Service } from './vault.ts';
import { figure } from '../../../figures.ts';

/** What a power cut at one moment may leave, and what the world is like then. */
export interface Moment {
  /** Which sync had not been done yet, and what became of the rest. */
  readonly name: string;
  readonly computer: TreeFolder;
  readonly vault: TreeFolder;
  readonly promised: readonly Promised[];
}

/** Boundaries tried of each recording, spread evenly; all of them if the environment asks for it. */
const SPREAD = 12;
const isFull = process.env.PERMAFROST_POWER_LOSS === 'all';
const SEED = Number(process.env.PERMAFROST_SEED ?? 1);

/** SQLite keeps this one in shared memory and makes it anew after a restart. */
const isKept = (name: string): boolean => !name.endsWith('-shm');

export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'permafrost-power-'));
  readonly source = join(this.dir, 'source');
  readonly computer = join(this.dir, 'computer');
  readonly world = join(this.dir, 'world');
  readonly #log = join(this.dir, 'log');
  readonly #library = buildRecorder(this.dir);

  constructor() {
    for (const folder of [this.source, this.computer, this.world]) mkdirSync(folder);
    mkdirSync(join(this.world, 'vault'));
    writeFileSync(join(this.world, 'promises'), '');
    growTree(this.source);
  }

  get profile(): string {
    return join(this.computer, 'profile');
  }

  get out(): string {
    return join(this.computer, 'out');
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What was done before the recording begins; durable. */
  async before(act: (person: Person) => Promise<void>): Promise<void> {
    await withVault(join(this.world, 'vault'), () => withPerson(this.profile, act));
  }

  /**
   * Records a person's act to its end, and gives moments at which the power could have gone: just before each sync,
   * where most is not durable yet, and at the end.
   */
  async *moments(act: 'begin' | 'backup' | 'restore', path: string): AsyncGenerator<Moment> {
    const [first, second] = [this.#disks(), this.#disks()];
    await this.#record(act, path);
    const acts = readRecording(this.#log);
    const boundaries = boundariesOf(acts, first);
    const end = this.#disks();
    // What was recorded adds up to what lies there, or something was done that the recorder did not see.
    expect(listTree(first.computer.after(everything))).toEqual(listTree(end.computer.after(everything)));
    expect(listTree(first.world.after(everything))).toEqual(listTree(end.world.after(everything)));
    const tries = isFull ? allTries(boundaries) : sampleOf(boundaries);
    process.stdout.write(`${act}: ${boundaries.length} boundaries\n`);
    figure('fsync boundaries of power cuts', boundaries.length);
    const seen = new Set<string>();
    let done = 0;
    for (const { boundary, fates } of tries) {
      for (const each of acts.slice(done, boundary.at)) apply(second, each);
      done = boundary.at;
      for (const fate of fates) {
        const moment = momentOf(second, boundary, fate);
        const digest = [digestOf(moment.computer), digestOf(moment.vault), ...moment.promised].join();
        if (!seen.has(digest)) yield moment;
        seen.add(digest);
      }
    }
  }

  /**
   * Brings each moment to life with its vault, and lets a person go on from there. Fails with all that went wrong.
   * @returns how many states were tried
   */
  async explore(
    moments: AsyncIterable<Moment>,
    goOn: (promised: readonly Promised[], elsewhere: (name: string) => string) => Promise<void>,
  ): Promise<number> {
    const at = join(this.dir, 'revived');
    const violations: string[] = [];
    let states = 0;
    for await (const { name, computer, vault, promised } of moments) {
      states++;
      for (const folder of [at, this.computer]) rmSync(folder, { recursive: true, force: true });
      mkdirSync(at);
      layTree(computer, this.computer);
      // It is the same computer: what lies there now are not the files that were there, but nobody has copied them.
      keepWriter({ root: this.profile });
      layTree(vault, join(at, 'vault'));
      try {
        await withVault(join(at, 'vault'), () => goOn(promised, (below) => join(at, below)));
      } catch (error) {
        violations.push(`${name}, seed ${SEED}: ${String(error)}`);
      }
    }
    process.stdout.write(`${states} states, ${violations.length} violations\n`);
    figure('states after power cuts', states);
    figure('promises broken after power cuts', violations.length);
    expect(violations).toEqual([]);
    return states;
  }

  #disks(): Disks {
    return { computer: new Disk(this.computer, isKept), world: new Disk(this.world) };
  }

  async #record(act: string, path: string): Promise<void> {
    const recorded = recordedBy(this.#library, this.#log);
    const vault = await start('vaultChild.ts', [join(this.world, 'vault')], recorded);
    const service = await new Promise<Service>((resolve, reject) => {
      vault.once('message', (message) => resolve(message as Service));
      vault.once('exit', () => reject(new Error('the vault did not start')));
    });
    const promises = join(this.world, 'promises');
    const person = await start('personChild.ts', [this.profile, promises, act, path], {
      ...recorded,
      ...environmentOf(service),
    });
    const code = await exitOf(person);
    vault.removeAllListeners('exit');
    const gone = exitOf(vault);
    vault.disconnect();
    await gone;
    if (code !== 0) throw new Error(`what was to be recorded ended with ${code}`);
  }
}

interface Disks {
  readonly computer: Disk;
  readonly world: Disk;
}

/** A moment just before a sync of the computer's that has something to sync. */
interface Boundary {
  readonly number: number;
  /** How many acts come before it. */
  readonly at: number;
  /** What is about to be synced. */
  readonly path: string;
}

interface Tries {
  readonly boundary: Boundary;
  readonly fates: readonly FateName[];
}

function apply({ computer, world }: Disks, act: Act): void {
  computer.apply(act);
  world.apply(act);
}

/** Plays everything back. */
function boundariesOf(acts: readonly Act[], disks: Disks): Boundary[] {
  const boundaries: Boundary[] = [];
  for (const [at, act] of acts.entries()) {
    if (act.kind === 'synced') {
      const path = act.inode === null ? 'everything' : disks.computer.pathOf(act.inode);
      if (path !== undefined) boundaries.push({ number: boundaries.length, at, path });
    }
    apply(disks, act);
  }
  return [...boundaries, { number: boundaries.length, at: acts.length, path: 'the end' }];
}

function allTries(boundaries: readonly Boundary[]): Tries[] {
  return boundaries.map((boundary) => ({ boundary, fates: fateNames }));
}

/** Some spread evenly, and the last boundary of each kind (head file, staged pack, catalog …): the fates take turns. */
function sampleOf(boundaries: readonly Boundary[]): Tries[] {
  const lastOfKind = new Map(
    boundaries.map((boundary) => [boundary.path.replace(/[0-9a-f]{6,}/g, '*'), boundary]),
  );
  const spread = Array.from(
    { length: SPREAD },
    (_, i) => boundaries[Math.floor((i * boundaries.length) / SPREAD)],
  );
  const sample = new Set([...spread, ...lastOfKind.values()].filter((each) => each !== undefined));
  return [...sample]
    .sort((a, b) => a.number - b.number)
    .map((boundary, i) => ({ boundary, fates: [fateNames[(i + SEED) % fateNames.length] ?? 'nothing'] }));
}

function momentOf({ computer, world }: Disks, { number, path }: Boundary, fate: FateName): Moment {
  const outside = world.after(everything);
  const vault = outside.names.get('vault');
  const promises = outside.names.get('promises');
  if (vault?.kind !== 'folder' || promises?.kind !== 'file') throw new RangeError('the world is not whole');
  return {
    name: `at boundary ${number} (${path}) of which survived: ${fate}`,
    computer: computer.after(fateOf(fate, SEED * 100_000 + number)),
    vault,
    promised: promises.bytes.toString().split('\n').filter(Boolean) as Promised[],
  };
}

async function withVault(dir: string, use: () => Promise<void>): Promise<void> {
  const vault = await startSimulator({ dir, ...instantly });
  Object.assign(process.env, environmentOf(vault));
  try {
    await use();
  } finally {
    await vault.close();
  }
}

/** One life of the engine. `wasNew`: there were no keys. */
export async function withPerson(
  profile: string,
  use: (person: Person, wasNew: boolean) => Promise<void>,
): Promise<void> {
  const person = await Person.at(profile);
  try {
    await use(person, await person.unlock());
  } finally {
    await person.close();
  }
}

async function start(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const script = await bundledChild(join(import.meta.dirname, file));
  return fork(script, args, { stdio: 'inherit', execArgv: [], env: { ...process.env, ...env } });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

function growTree(root: string): void {
  mkdirSync(join(root, 'many', 'deep'), { recursive: true });
  for (let i = 0; i < 12; i++) writeFileSync(join(root, 'many', `${i}`), randomBytes(1 + i * 700));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'big'), randomBytes(5_000_000));
  linkSync(join(root, 'big'), join(root, 'many', 'deep', 'the same'));
  symlinkSync('nowhere', join(root, 'many', 'dangling'));
  utimesSync(join(root, 'many', 'deep'), 1_000_000_000, 1_000_000_000);
}
