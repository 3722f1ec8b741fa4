/** A bad disk (badDisk.c) under an engine in a process of its own. */
import { fork, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledChild } from '../crash/bundleChild.ts';
import type { FaultScene } from './faultScene.ts';
import type { Ending } from './faultChild.ts';

const { ENOSPC, EIO } = constants.errno;

/** `where`: a piece of the path of the files that are meant, without white space. */
type Rule = string;

/** So many bytes can be written, then the disk is full. */
export const full = (where: string, bytes: number): Rule => `write ${where} ${bytes} ${ENOSPC}`;
/** So many bytes can be written, then the disk fails. */
export const failing = (where: string, bytes: number): Rule => `write ${where} ${bytes} ${EIO}`;
/** From this byte of a file on, the disk cannot be read. */
export const unreadable = (where: string, from: number): Rule => `read ${where} ${from} ${EIO}`;
/** A read gives at most so many bytes. */
export const shortReads = (where: string, bytes: number): Rule => `short ${where} ${bytes} 0`;

let library: string | null = null;

/** @throws Error that says what is missing */
function build(): string {
  if (library !== null) return library;
  const made = join(mkdtempSync(join(tmpdir(), 'permafrost-bad-disk-')), 'badDisk.so');
  const source = join(import.meta.dirname, 'badDisk.c');
  const options = ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', made, source, '-ldl', '-lpthread'];
  const { error, status, stderr } = spawnSync('cc', options, { encoding: 'utf8' });
  if (status === 0) return (library = made);
  throw new Error(
    `Bad disks are for Linux, with a C compiler by the name of cc: ${error?.message ?? stderr}`,
  );
}

/** Lets an engine live on the scene's profile while the disk is as the rules say; then the scene's own comes back. */
export async function liveOn(scene: FaultScene, rules: readonly Rule[], ...act: string[]): Promise<Ending> {
  await scene.close();
  const script = await bundledChild(join(import.meta.dirname, 'faultChild.ts'));
  const child = fork(script, [scene.profile, ...act], {
    stdio: 'inherit',
    execArgv: [],
    env: {
      ...process.env,
      LD_PRELOAD: build(),
      PERMAFROST_BAD_DISK: rules.join(';'),
      // Goes past the library.
      UV_USE_IO_URING: '0',
    },
  });
  const ending = await new Promise<Ending>((resolve, reject) => {
    child.once('message', (message: Ending) => resolve(message));
    child.once('exit', (code, signal) => reject(new Error(`the engine ended by itself: ${code} ${signal}`)));
  });
  await scene.reopen();
  return ending;
}
