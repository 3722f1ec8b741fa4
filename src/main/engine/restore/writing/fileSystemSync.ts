/**
 * Brings a whole file system to disk. Node has no call for that, but every Linux has the program `sync`.
 *
 * Starting a program from a process of hundreds of megabytes takes some ten milliseconds of it, a thousand times in a
 * large restore; so one small shell is started and asked again and again. It ends when its input does: with `close`, or
 * with this process, however that ends.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** The folder is handed over open, as descriptor 3: its path may be any bytes. One line in, one exit code out. */
const LOOP = 'PATH=/usr/bin:/bin; while read -r _; do sync -f /proc/self/fd/3 2>/dev/null; echo $?; done';

type Shell = ChildProcessByStdio<Writable, Readable, null>;

export class FileSystemSync {
  readonly #folder: number | undefined;
  #shell: Shell | null = null;
  #isMissing: boolean;
  /** Callers, in the order in which they asked. */
  #waiting: ((isSynced: boolean) => void)[] = [];
  #answers = '';

  /** @param folder any folder of the file system, open until `close`; undefined where folders cannot be opened */
  constructor(folder: number | undefined) {
    this.#folder = folder;
    this.#isMissing = process.platform !== 'linux' || folder === undefined;
  }

  /** Resolves to whether all that was written to the file system before is on disk now; false where that cannot be done. */
  sync(): Promise<boolean> {
    if (this.#isMissing) return Promise.resolve(false);
    const shell = (this.#shell ??= this.#start());
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      shell.stdin.write('\n');
    });
  }

  /** A later `sync` starts anew. */
  close(): void {
    this.#shell?.stdin.end();
    this.#shell = null;
  }

  #start(): Shell {
    const shell = spawn('/bin/sh', ['-c', LOOP], {
      stdio: ['pipe', 'pipe', 'ignore', this.#folder],
    }) as Shell;
    shell.stdout.setEncoding('latin1');
    shell.stdout.on('data', (text: string) => this.#hear(text));
    shell.stdin.on('error', () => undefined); // it has ended, which is told below
    shell.once('error', () => this.#end(shell));
    shell.once('close', () => this.#end(shell));
    return shell;
  }

  #hear(text: string): void {
    const lines = (this.#answers + text).split('\n');
    this.#answers = lines.pop() ?? '';
    for (const code of lines) this.#waiting.shift()?.(code === '0');
  }

  /** Whoever still waits does not know; and a shell that ended unasked is not tried again. */
  #end(shell: Shell): void {
    if (this.#shell !== shell && this.#shell !== null) return;
    if (this.#shell === shell) this.#isMissing = true;
    this.#shell = null;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }
}
