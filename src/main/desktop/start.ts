/**
 * `npm start`: the desktop window where Electron's program is installed, otherwise the same window in the browser.
 * Electron's package fetches its program when it is imported, which nobody asked for here: so only its files are looked
 * at, never the package.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path of Electron's program under `root`, or undefined if it was not fetched. */
export function electronProgram(root: string): string | undefined {
  const folder = join(root, 'node_modules', 'electron');
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const program = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : undefined;
}

function start(root: string): void {
  const electron = electronProgram(root);
  if (electron === undefined) {
    console.log('Electron is not installed here, so Permafrost opens in the browser instead.');
    console.log('To have its own window: node node_modules/electron/install.js, then npm start again.');
    const program = join(root, 'dist', 'permafrost.js');
    runToEnd(process.execPath, ['--max-semi-space-size=4', program, 'serve', '--open']);
  } else {
    runToEnd(electron, [root]);
  }
}

/** A terminal's Ctrl-C reaches the child too, which ends at a safe point; this process only waits for that. */
function runToEnd(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { stdio: 'inherit' });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`Permafrost could not start ${command}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code) => {
    process.exitCode = code === null ? 1 : code;
  });
}

if (import.meta.main) start(join(import.meta.dirname, '..', '..', '..'));
