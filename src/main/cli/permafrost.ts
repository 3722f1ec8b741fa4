#!/usr/bin/env -S node --max-semi-space-size=4
/**
 * Launcher: looks whether this Node can run Permafrost before anything of it is loaded, because an older Node would
 * fail somewhere inside with words that help nobody. It has to parse and run on such a Node itself, so it imports
 * nothing of ours and uses old syntax only.
 *
 * The flag above keeps the room for young objects small, of which each thread otherwise takes up to 96 MiB and which is
 * not given back: a backup peaks a fifth lower for it and takes no longer.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';

/** First Node that runs TypeScript sources unasked; zstd came a little earlier. */
const NEEDED: readonly [number, number] = [22, 18];
/** Set for the second try, so that there is no third. */
const RELAUNCHED = 'PERMAFROST_RELAUNCHED';

if (isNodeGoodEnough()) {
  endWithLauncher();
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
} else {
  const bundled = bundledNode();
  if (bundled === undefined || process.env[RELAUNCHED] !== undefined) {
    process.stderr.write(
      `Permafrost needs Node ${NEEDED.join('.')} or newer with zstd; this is Node ${process.versions.node}.\n`,
    );
    process.exitCode = 1;
  } else {
    relaunch(bundled);
  }
}

/** A launcher that is killed cannot pass that on; its end is seen by the line to it, which nothing is ever sent over. */
function endWithLauncher(): void {
  if (process.env[RELAUNCHED] === undefined || !process.connected) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

function isNodeGoodEnough(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
  return isNewEnough && 'zstdCompress' in zlib;
}

/** The Node that comes with a checkout as a development package. */
function bundledNode(): string | undefined {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  // From dist/ and from src/main/cli/.
  return ['..', '../../..']
    .map((up) => fileURLToPath(new URL(`${up}/node_modules/node/bin/${name}`, import.meta.url)))
    .find((path) => existsSync(path));
}

function relaunch(node: string): void {
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [RELAUNCHED]: '1' },
  });
  // A terminal sends Ctrl-C to both, and twice means "at once": passed on only where nobody typed it.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`Permafrost could not start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code === null ? 1 : code;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
