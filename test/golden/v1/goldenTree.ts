/** The folder that `makeTarget.ts` backed up, at its first and second snapshot. Laid anew to compare with what is restored. */
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export const goldenTargetPassphrase = 'golden correct horse';
/** Of the kit that was printed then. */
export const goldenTargetCode = 'PT2N-0JPV-VTZA-3N6S-ZTYF-X47F-DKPQ-HTK9-ZBDJ-X76B-WJ3D-W6C1-1PGT-4H38';

const at = 1_700_000_000;

export function layFirst(root: string): void {
  mkdirSync(join(root, 'sub', 'empty folder'), { recursive: true });
  file(root, 'a.txt', 'the first version\n');
  file(root, 'sub/größe.txt', 'names are bytes\n');
  file(root, 'sub/gone.txt', 'only in the first snapshot\n');
  file(root, 'empty', '');
  file(root, 'private', 'mode 0600\n', 0o600);
  file(root, 'text', 'compresses well, '.repeat(20_000));
  file(root, 'twin', 'two names, one file\n');
  linkSync(join(root, 'twin'), join(root, 'sub', 'other twin'));
  holes(join(root, 'holes'));
  symlinkSync('sub/größe.txt', join(root, 'link'));
  lutimesSync(join(root, 'link'), at, at);
  folders(root);
}

export function laySecond(root: string): void {
  layFirst(root);
  file(root, 'a.txt', 'the second version, which is longer\n');
  rmSync(join(root, 'sub', 'gone.txt'));
  file(root, 'new', 'only in the second snapshot\n');
  folders(root);
}

function file(root: string, name: string, content: string, mode = 0o644): void {
  const path = join(root, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  utimesSync(path, at + content.length, at + content.length);
}

function holes(path: string): void {
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, 400_000);
  writeSync(descriptor, Buffer.from('in the middle'), 0, 13, 200_000);
  closeSync(descriptor);
  chmodSync(path, 0o644);
  utimesSync(path, at, at);
}

function folders(root: string): void {
  for (const name of ['sub/empty folder', 'sub', '.']) {
    chmodSync(join(root, name), 0o755);
    utimesSync(join(root, name), at, at);
  }
}
