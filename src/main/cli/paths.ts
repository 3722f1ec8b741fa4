/**
 * Folders as the user names them, made absolute before they reach the engine, which has no current folder.
 *
 * Node hands over arguments as text: bytes that are not valid UTF-8 arrive as U+FFFD and cannot be told apart any
 * more. Such a name can be saved and restored inside a folder, but not be named on the command line.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { failed } from './failed.ts';

/** @throws Failed when the argument held bytes that are no UTF-8 */
export function absolutePath(text: string, cwd: string): string {
  const path = resolve(cwd, text);
  if (text.includes('\u{fffd}') && !existsSync(path)) {
    throw failed(
      'invalid',
      `The name ${text} holds bytes that are not valid UTF-8.`,
      'Name the folder above it; everything below is saved with its exact name.',
    );
  }
  return path;
}
