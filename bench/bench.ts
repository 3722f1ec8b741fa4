/**
 * The benchmark: Permafrost, to a folder and to a vault on the simulator, beside restic and borg on the same files in
 * the same hour. Absolute times of a shared machine say little; the ratios of neighbouring runs say much.
 *
 *   npm run bench -- --help
 *
 * Ends with 1 when a program failed, a restored tree differs from its source, or Permafrost stored bytes outside of
 * what the corpus allows; how fast anything was never decides.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { outOfBounds } from './bounds.ts';
import { findBorg } from './contenders/borg.ts';
import type { Contender } from './contenders/contender.ts';
import { permafrostToFolder, permafrostToVault } from './contenders/permafrost.ts';
import { findRestic } from './contenders/restic.ts';
import { type Corpus, corpusOf } from './corpora.ts';
import { delayOf, type EngineDelay } from './delayOf.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { medianLines, ratioLines } from './report.ts';
import { type Rounds, runRounds, sourceOf } from './rounds.ts';
import { checkSpace, spaceNeeded } from './space.ts';

interface Result extends Rounds {
  readonly delay: EngineDelay | null;
}

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error('Stopped as asked.')));
  }
  try {
    return await bench(options, stop.signal);
  } catch (error) {
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
    console.error(reason instanceof Error ? reason.message : String(reason));
    return 1;
  }
}

async function bench(options: Options, signal: AbortSignal): Promise<number> {
  const contenders = await contendersFor(options);
  const corpora = options.corpora.map((name) => corpusOf(name, options.smoke));
  const parent = resolve(options.dir ?? tmpdir());
  await mkdir(parent, { recursive: true });
  await checkSpace(Math.max(...corpora.map((corpus) => spaceNeeded(corpus, contenders.length))), parent);
  const machine = machineLine(contenders);
  console.log(machine);

  const results: Result[] = [];
  for (const corpus of corpora) {
    const work = await mkdtemp(join(parent, 'permafrost-bench-'));
    try {
      results.push(await benchCorpus(corpus, contenders, options, work, signal));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  if (options.jsonFile !== null) {
    await writeFile(options.jsonFile, `${JSON.stringify({ machine, options, results }, null, 2)}\n`);
  }
  return tellVerdict(results);
}

async function contendersFor({ peers }: Options): Promise<Contender[]> {
  const own = [await permafrostToFolder(), await permafrostToVault()];
  if (!peers) return own;
  const others = [await findRestic(), await findBorg()].filter((peer) => peer !== null);
  if (others.length < 2) {
    console.error(
      'restic and borg are not both installed; going on without. To have them: apt-get install restic borgbackup',
    );
  }
  return [...own, ...others];
}

function machineLine(contenders: readonly Contender[]): string {
  const programs = contenders.map(({ name, version }) => `${name} ${version}`).join('; ');
  const [cpu, ...more] = cpus();
  const [load = 0] = loadavg();
  return (
    `${programs}; Node ${process.versions.node}; ${more.length + 1} x ${cpu?.model ?? 'unknown processor'}, ` +
    `busy with ${load.toFixed(1)} other processes when it began`
  );
}

async function benchCorpus(
  corpus: Corpus,
  contenders: readonly Contender[],
  options: Options,
  work: string,
  signal: AbortSignal,
): Promise<Result> {
  const steps = corpus.steps.filter((step) => options.steps.includes(step));
  const rounds = await runRounds({
    corpus,
    contenders,
    steps: steps.filter((step) => step !== 'delay'),
    rounds: options.rounds,
    work,
    signal,
    note: (line) => console.error(line),
  });
  const lines = ['', ...medianLines(rounds.corpus, rounds.runs)];
  const ratios = ratioLines(rounds.runs);
  if (ratios.length > 0) lines.push('', ...ratios);
  const delay = steps.includes('delay') ? await delayOf(sourceOf(work), work, signal) : null;
  if (delay !== null) {
    const [p99, max] = [delay.p99Ms, delay.maxMs].map((ms) => `${ms.toFixed(1)} ms`);
    lines.push(
      '',
      `The engine's own thread during a first backup: timers are late by ${p99} (p99), ${max} at most`,
    );
  }
  console.log(lines.join('\n'));
  return { ...rounds, delay };
}

function tellVerdict(results: readonly Result[]): number {
  const wrong = results.flatMap(({ corpus, runs, differences }) => [
    ...differences,
    ...outOfBounds(corpus, runs),
  ]);
  const runs = results.reduce((sum, result) => sum + result.runs.length, 0);
  if (wrong.length > 0) {
    console.log(['', 'Not as it should be:', ...wrong.map((line) => `  ${line}`)].join('\n'));
    return 1;
  }
  console.log(`\n${runs} runs succeeded; what was restored is what was saved; bytes are within bounds.`);
  return 0;
}
