/**
 * One engine per profile, by a lock of the operating system.
 *
 * `lock.db` is an SQLite file without content on which `begin exclusive` is held for as long as the engine lives; the
 * system frees it however the process ends, so no stale lock can be left. `lock.json` beside it is only for people:
 * it names the holder in the message that a second start gets, and may be out of date.
 *
 * Nobody may open `lock.db` by other means in this process: on POSIX, closing any descriptor of a file drops the
 * process's locks on it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { EngineError, diskFailure } from '../failure.ts';
import { makeFolder } from '../lastingNames.ts';
import { type Connection, connect } from './db.ts';

export interface ProfileLock {
  /** Gives the profile free. A second call does nothing. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly computer: string;
  readonly host: string;
  readonly since: number;
}

/**
 * Takes the profile, making its folder (0700) if need be. Before anything else in it is opened.
 * @param host who asks, for the message another start gets: "cli backup", "serve"
 * @param now epoch ms
 * @throws EngineError `busy` at once when another engine has it
 */
export async function lockProfile(folder: string, host: string, now: number): Promise<ProfileLock> {
  takeFolder(folder);
  const db = await connect(join(folder, 'lock.db'));
  try {
    await db.script('pragma busy_timeout = 0; begin exclusive');
  } catch (error) {
    await db.close();
    throw error instanceof EngineError && error.kind === 'busy' ? taken(folder, error) : error;
  }
  const note = join(folder, 'lock.json');
  writeNote(note, { pid: process.pid, computer: hostname(), host, since: now });
  return releasable(db, note);
}

function releasable(db: Connection, note: string): ProfileLock {
  let held = true;
  return {
    release: async () => {
      if (!held) return;
      held = false;
      // Removed while the lock is still ours, so that it cannot be the next holder's.
      rmSync(note, { force: true });
      await db.close();
    },
  };
}

function takeFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw (
      diskFailure(error, `the disk of ${folder}`) ??
      new EngineError(
        'unwritable',
        `The profile folder ${folder} cannot be made.`,
        'Choose a folder that is yours.',
        {
          cause: error,
        },
      )
    );
  }
}

function writeNote(note: string, holder: Holder): void {
  try {
    writeFileSync(`${note}.tmp`, JSON.stringify(holder), { mode: 0o600 });
    renameSync(`${note}.tmp`, note);
  } catch {
    // The lock holds without it; only a message will be less exact.
  }
}

function taken(folder: string, cause: Error): EngineError {
  const holder = readNote(join(folder, 'lock.json'));
  const who =
    holder === null
      ? 'another Permafrost'
      : `${holder.host} (process ${holder.pid} on ${holder.computer}, since ${new Date(holder.since).toISOString()})`;
  return new EngineError(
    'busy',
    `The profile ${folder} is in use by ${who}.`,
    'Use that one, or close it and try again.',
    { safe: 'Nothing was opened or changed.', cause },
  );
}

function readNote(note: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(note, 'utf8'));
    return isHolder(value) ? value : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, computer, host, since } = value as Partial<Record<keyof Holder, unknown>>;
  return (
    typeof pid === 'number' &&
    typeof computer === 'string' &&
    typeof host === 'string' &&
    Number.isSafeInteger(since)
  );
}
