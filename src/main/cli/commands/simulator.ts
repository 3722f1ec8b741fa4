import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { readFaultFile } from '../../simulator/faultScript.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { isListenerUrl } from '../../simulator/snsListener.ts';
import { failed } from '../failed.ts';
import { listenForStop, untilAborted } from '../interruption.ts';
import { portNumber, positiveNumber } from '../options.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';

interface SimulatorOptions {
  readonly port?: number;
  readonly dir?: string;
  readonly speed?: number;
  readonly faults?: string;
  readonly notify?: string;
}

export function addSimulator(program: Command, output: Output): void {
  program
    .command('simulator')
    .description('Runs the vault simulator by itself, for other Glacier clients. Ends with Ctrl-C.')
    .option('--port <n>', 'Which port; any free one if not given.', portNumber)
    .option('--dir <dir>', 'Where it keeps its data; a temporary folder if not given.')
    .option('--speed <x>', 'Virtual seconds that pass in one second.', positiveNumber)
    .option('--faults <file>', 'What goes wrong, as a list in JSON; see docs/simulator.md.')
    .option(
      '--notify <url>',
      'Where to post what topics are told when jobs end; a URL of this computer.',
      listenerUrl,
    )
    .action(async (options: SimulatorOptions) => {
      const stop = listenForStop(() => undefined);
      const own = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'permafrost-simulator-')) : null;
      try {
        await serve(own ?? absolutePath(options.dir ?? '', process.cwd()), options, output, stop.signal);
      } finally {
        if (own !== null) await rm(own, { recursive: true, force: true });
        stop.end();
      }
    });
}

function listenerUrl(text: string): string {
  if (isListenerUrl(text)) return text;
  throw new InvalidArgumentError('It has to be an http URL of 127.0.0.1, [::1] or localhost.');
}

function faultsIn(path: string, now: number): ReturnType<typeof readFaultFile> {
  try {
    return readFaultFile(path, now);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw failed('invalid', message, 'Correct the file; docs/simulator.md describes what a fault is.');
  }
}

/** Runs until `signal` aborts. The first line on stdout is one JSON object that says how to reach it. */
async function serve(
  dir: string,
  options: SimulatorOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { notify, port, speed } = options;
  const simulator = await startSimulator({
    dir,
    ...(port !== undefined && { port }),
    ...(speed !== undefined && { speed }),
    ...(notify !== undefined && { notifyUrl: notify }),
  });
  try {
    if (options.faults !== undefined) {
      const path = absolutePath(options.faults, process.cwd());
      for (const fault of faultsIn(path, simulator.now())) simulator.failNext(fault);
    }
    const { url, region, accessKeyId, secretAccessKey } = simulator;
    await output.write(`${JSON.stringify({ url, region, accessKeyId, secretAccessKey })}\n`);
    output.note('The simulator runs. Ctrl-C ends it.');
    await untilAborted(signal);
  } finally {
    await simulator.close();
  }
}
