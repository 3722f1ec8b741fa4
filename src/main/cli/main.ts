/** The command line: puts the commands together and turns how they end into an exit code. */
import { Command, CommanderError } from 'commander';
import { toFailure } from '../engine/engine.ts';
import { addBackup } from './commands/backup.ts';
import { addCheck } from './commands/check.ts';
import { addDemo } from './commands/demo.ts';
import { addAwsKeys, addKeys } from './commands/keys.ts';
import { addKit } from './commands/kit.ts';
import { addRecover } from './commands/recover.ts';
import { addInit } from './commands/init.ts';
import { addOrders } from './commands/orders.ts';
import { addPlans } from './commands/plans.ts';
import { addRestore } from './commands/restore.ts';
import { addCost, addHistory } from './commands/cost.ts';
import { addForgetting, addPrune } from './commands/prune.ts';
import { addSchedule } from './commands/schedule.ts';
import { addServe } from './commands/serve.ts';
import { addSimulator } from './commands/simulator.ts';
import { addSnapshots } from './commands/snapshots.ts';
import { addTargets } from './commands/targets.ts';
import { addWatch } from './commands/watch.ts';
import { addVault } from './commands/vault/vault.ts';
import { exitCode } from './exitCode.ts';
import { Failed, failureLines } from './failed.ts';
import { openOutput } from './output.ts';
import type { Output } from './output.ts';
import { version } from './version.ts';

/** Runs one command and sets the process's exit code. Never rejects. */
export async function main(argv: readonly string[]): Promise<void> {
  // Looked for by hand, because a usage error has to be told in JSON too, and then nothing has been parsed.
  const code = await run(argv, openOutput(argv.includes('--json')));
  if (code !== exitCode.done) process.exitCode = code;
}

/** Resolves to the exit code, as far as failures decide it: a command that reaches its end sets its own. */
export async function run(argv: readonly string[], output: Output): Promise<number> {
  try {
    await buildProgram(output).parseAsync([...argv], { from: 'user' });
    return exitCode.done;
  } catch (error) {
    return tell(error, output);
  }
}

function buildProgram(output: Output): Command {
  const program = new Command('permafrost')
    .description('Backs folders up to cold storage and gets them back.')
    .version(version(), '--version', 'Says which version this is.')
    .helpOption('-h, --help', 'Shows this help.')
    .option('--profile <dir>', "The profile's folder; also PERMAFROST_PROFILE.")
    .option('--json', 'Prints the result as one JSON document on stdout.')
    .option(
      '--passphrase-file <file>',
      'A file whose first line is the passphrase; also PERMAFROST_PASSPHRASE.',
    )
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Add --help to see how it is used.')
    .exitOverride()
    .configureOutput({ writeErr: (text) => output.note(text.replace(/\n$/, '')) })
    .addHelpText('after', `\n${endings}`);
  for (const add of [
    addInit,
    addKit,
    addKeys,
    addAwsKeys,
    addTargets,
    addPlans,
    addBackup,
    addSnapshots,
    addRestore,
    addOrders,
    addCheck,
    addRecover,
    addVault,
    addSchedule,
    addPrune,
    addForgetting,
    addCost,
    addHistory,
    addWatch,
    addServe,
    addSimulator,
    addDemo,
  ]) {
    add(program, output);
  }
  return program;
}

const endings = `Ends with 0: done, 1: failed, 2: not understood, 3: done, but some files could not be read or restored.`;

async function tell(error: unknown, output: Output): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.done;
    // Commander has written its words to stderr by now.
    const message = error.message.replace(/^error: /, '');
    if (output.json)
      await tellJson(output, { kind: 'invalid', message, advice: 'Add --help to see how it is used.' });
    return exitCode.usage;
  }
  const failure = error instanceof Failed ? error.failure : toFailure(error);
  output.note(...failureLines(failure));
  if (process.env['PERMAFROST_DEBUG'] === '1') output.note(stackOf(error));
  if (output.json) await tellJson(output, failure);
  return exitCode.failed;
}

function tellJson(output: Output, failure: object): Promise<void> {
  return output.result({ failure }, () => []);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`;
}
