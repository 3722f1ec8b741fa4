/** Runs commands in this process: quicker than `permafrost.ts`, for commands that need neither signals nor a terminal. */
import { run } from '../../../src/main/cli/main.ts';
import type { Output } from '../../../src/main/cli/output.ts';

/** Output that keeps what it is told. */
export function keep(json: boolean): Output & { stdout: string; stderr: string } {
  return {
    json,
    stdout: '',
    stderr: '',
    status: { show: () => undefined, clear: () => undefined },
    write(text) {
      this.stdout += text;
      return Promise.resolve();
    },
    result(value, human) {
      return this.write(json ? JSON.stringify(value) : human().join('\n'));
    },
    note(...lines) {
      this.stderr += `${lines.join('\n')}\n`;
    },
    isHeard: () => true,
  };
}

export interface Kept {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ends without setting the exit code by itself. */
export async function runHere(...args: string[]): Promise<Kept> {
  const output = keep(args.includes('--json'));
  const code = await run(args, output);
  return { code, stdout: output.stdout, stderr: output.stderr };
}
