/** Policy documents, from files and on screen. */
import { readFileSync } from 'node:fs';
import { failed } from '../../failed.ts';
import { shown } from '../../format.ts';

export function readPolicyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\u{feff}/u, '');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw failed(
      'unreadable',
      `The policy file ${file} cannot be read (${why}).`,
      'Check the name after --policy-file and who may read it.',
    );
  }
}

/** The document laid out; what is not JSON after all as it is. */
export function policyLines(document: string): string[] {
  try {
    return JSON.stringify(JSON.parse(document), null, 2).split('\n').map(shown);
  } catch {
    return document.split('\n').map(shown);
  }
}
