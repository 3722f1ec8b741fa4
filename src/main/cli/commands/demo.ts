import { mkdtempSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import type { Command } from 'commander';
import { accountLines, exitCodeOfDemo } from '../demo/account.ts';
import { runDemo } from '../demo/demo.ts';
import { removeTree } from '../demo/removeTree.ts';
import { makeSample } from '../demo/sample.ts';
import { failed } from '../failed.ts';
import { shown } from '../format.ts';
import { listenForStop } from '../interruption.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';

interface DemoCommandOptions {
  readonly tmp?: string;
  readonly keep?: true;
}

export function addDemo(program: Command, output: Output): void {
  program
    .command('demo')
    .description('Shows it all in a minute: backs a folder up to a practice vault, restores and compares it.')
    .argument('[dir]', 'The folder to try it on; a small sample if not given.')
    .option('--tmp <dir>', 'Where to work; needs two to three times the size of the folder.')
    .option('--keep', 'Leave everything it made, to look at.')
    .action(async (dir: string | undefined, options: DemoCommandOptions) => {
      const stop = listenForStop((line) => output.note(line), 'Nothing of your own was touched.');
      const source = dir === undefined ? undefined : existingFolder(dir);
      const work = makeWorkFolder(options.tmp, source);
      try {
        await tryOut(source ?? sampleIn(work), work, output, stop.signal, stop.stopped);
      } finally {
        output.status.clear();
        if (options.keep === true) output.note(`Everything is in ${shown(work)}.`);
        else await removeTree(work);
        stop.end();
      }
    });
}

async function tryOut(
  source: string,
  work: string,
  output: Output,
  signal: AbortSignal,
  stopped: Promise<never>,
): Promise<void> {
  output.note(`Trying it on ${shown(source)} with a practice vault in ${shown(work)}.`);
  const demo = runDemo({ source, work, output, signal });
  // Its engine is closed before what it made is removed.
  const facts = await Promise.race([demo, stopped]).catch(async (error: unknown) => {
    await demo.catch(() => undefined);
    throw error;
  });
  await output.result(facts, () => accountLines(facts));
  process.exitCode = exitCodeOfDemo(facts);
}

/** The real path: a link is followed once, here. */
function existingFolder(dir: string): string {
  const path = absolutePath(dir, process.cwd());
  try {
    if (statSync(path).isDirectory()) return realpathSync(path);
  } catch {
    // Said below.
  }
  throw failed(
    'not-found',
    `There is no folder ${shown(path)}.`,
    'Name a folder that exists and can be read.',
  );
}

/** A new folder, apart from the one that is saved: the demo would save its own archives else. */
function makeWorkFolder(tmp: string | undefined, source: string | undefined): string {
  const above = existingFolder(tmp ?? tmpdir());
  if (source !== undefined && contains(source, above)) {
    throw failed(
      'invalid',
      `The folder to work in, ${shown(above)}, lies inside ${shown(source)}.`,
      'Choose another one with --tmp DIR.',
    );
  }
  return mkdtempSync(join(above, 'permafrost-demo-'));
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!/^\.\.([/\\]|$)/.test(way) && !isAbsolute(way));
}

function sampleIn(work: string): string {
  const sample = join(work, 'sample');
  makeSample(sample);
  return sample;
}
