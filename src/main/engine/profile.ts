/**
 * The profile folder: everything one installation keeps on this computer.
 *
 *   writer          random id of this installation, 32 hex digits, and a mark of the place it belongs to
 *   keys.json       key slots (docs/format.md §2); beside it a mark if the OS keychain has the key too
 *   catalog.db      the index; lock.db holds the profile for one engine at a time
 *   staging/        sealed packs on their way to a target
 *   restore/        retrieved segments of orders under way
 *   kept/           segments that earlier orders retrieved, for the next one
 *   recover/        archives that a recovery has fetched, until it is over
 *   heads/          newest committed epoch per target, beside the catalog, so that an old catalog is noticed
 *   practice/       archives of practice vaults
 */
import { chmodSync, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes, sha256 } from './crypto.ts';
import { EngineError, errorCode } from './failure.ts';
import { makeFolder, replaceFile } from './lastingNames.ts';

export interface ProfileFolders {
  readonly root: string;
  readonly keys: string;
  readonly catalog: string;
  readonly staging: string;
  readonly restore: string;
  readonly kept: string;
  readonly recover: string;
  readonly heads: string;
  readonly practice: string;
}

/**
 * Makes the profile folder and those in it where they are missing, for this user only.
 * @throws EngineError `unwritable` when it cannot be made, or when other users could write into it
 */
export function openProfile(root: string): ProfileFolders {
  const folders: ProfileFolders = {
    root,
    keys: join(root, 'keys.json'),
    catalog: join(root, 'catalog.db'),
    staging: join(root, 'staging'),
    restore: join(root, 'restore'),
    kept: join(root, 'kept'),
    recover: join(root, 'recover'),
    heads: join(root, 'heads'),
    practice: join(root, 'practice'),
  };
  try {
    const { staging, restore, kept, recover, heads } = folders;
    for (const folder of [root, staging, restore, kept, recover, heads]) makeFolder(folder);
    refuseOthers(root);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError(
      'unwritable',
      `The profile folder ${root} cannot be used (${errorCode(cause) ?? 'unknown error'}).`,
      'Choose another one with --profile, or correct its permissions.',
      { cause },
    );
  }
  return folders;
}

function refuseOthers(root: string): void {
  if (process.platform === 'win32') return;
  const mode = statSync(root).mode;
  if ((mode & 0o022) !== 0) {
    throw new EngineError(
      'unwritable',
      `Other users can write into the profile folder ${root}.`,
      `Take that right away (chmod go-w), or choose another folder with --profile.`,
    );
  }
  if ((mode & 0o077) !== 0) chmodSync(root, 0o700);
}

/**
 * This installation's id, 16 bytes; made on first use, and made anew when the profile turns out to be a copy of another one:
 * two installations under one id would tell the same epochs of different snapshots.
 *
 * A copy is known by `lock.db` not being the file that was there when the id was made: `cp`, a restore and another computer
 * give it another number, a rename does not. A profile that was moved to another disk gets a new id as well, which
 * costs reading everything once. Where numbers of files do not last, only another computer is noticed. Call it when the profile is locked: then that file is there.
 */
export function writerId(profile: ProfileFolders): Buffer {
  const file = join(profile.root, 'writer');
  if (!existsSync(file)) return renewWriter(profile);
  const [spelled = '', mark] = readFileSync(file, 'utf8').trim().split('\n');
  const id = Buffer.from(spelled, 'hex');
  if (id.length !== 16) {
    throw new EngineError(
      'corrupt',
      `The file ${file} does not hold the id of this installation.`,
      'Restore it from a copy of the profile, or recover into a new profile.',
    );
  }
  return mark === placeMark(profile) ? id : renewWriter(profile);
}

/** The id that was last written down, 32 hex digits, wherever that was; null for a profile without one. */
export function formerWriter(profile: ProfileFolders): string | null {
  const file = join(profile.root, 'writer');
  return existsSync(file) ? readFileSync(file, 'utf8').slice(0, 32) : null;
}

/** Gives this installation another id. */
export function renewWriter(profile: ProfileFolders): Buffer {
  const id = randomBytes(16);
  replaceFile(join(profile.root, 'writer'), `${id.toString('hex')}\n${placeMark(profile)}\n`);
  return id;
}

/** File systems of Linux that number their files anew when they are mounted: FAT, exFAT, SMB (1, 2), FUSE. */
const PASSING_NUMBERS = new Set([0x4d44, 0x2011bab0, 0xff534d42, 0xfe534d42, 0x65735546]);

/** Says that the profile belongs where it lies now, for who lays one down again on purpose. */
export function keepWriter(profile: Pick<ProfileFolders, 'root'>): void {
  const file = join(profile.root, 'writer');
  if (!existsSync(file)) return;
  const id = readFileSync(file, 'utf8').slice(0, 32);
  replaceFile(file, `${id}\n${placeMark(profile)}\n`);
}

function placeMark({ root }: Pick<ProfileFolders, 'root'>): string {
  const path = join(root, 'lock.db');
  const isLasting = !PASSING_NUMBERS.has(statfsSync(root).type);
  const number = isLasting && existsSync(path) ? statSync(path, { bigint: true }).ino.toString() : '';
  return sha256(Buffer.from(`${machineId()}|${number}`)).toString('hex');
}

/** Of a Linux system; elsewhere the number of the file has to do. */
function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
