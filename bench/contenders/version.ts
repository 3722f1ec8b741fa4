import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The version a program says it has; null when it is not installed. */
export async function versionOf(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args]);
    return parseVersion(stdout);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** The first word that looks like one. */
export function parseVersion(text: string): string {
  return /\d+(?:\.\d+)+\S*/.exec(text)?.[0] ?? text.trim();
}
