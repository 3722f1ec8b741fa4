/** A program that backs up and restores, as the benchmark sees it. */
import type { Command } from '../measure.ts';

export interface Contender {
  readonly name: string;
  readonly version: string;
  /** Restores from a vault take hours by design, so they are not timed. */
  readonly restores: boolean;
  /** Makes an empty store. */
  prepare(place: Place, signal: AbortSignal): Promise<Store>;
}

export interface Place {
  /** Empty, for this store alone. */
  readonly folder: string;
  /** What is backed up, each time. */
  readonly source: string;
}

export interface Store {
  backup(): Command;
  /** Gets everything back into the empty folder `to`. */
  restoreAll(to: string): Restore;
  /** Gets the file back that is at `path` below the source. */
  restoreOne(path: string, to: string): Restore;
  /** Where its bytes are that a service would be paid for, and what it keeps on this computer beside. */
  readonly stored: string;
  readonly local: string;
  close(): Promise<void>;
}

interface Restore {
  readonly command: Command;
  /** Where the source folder, or the file, is afterwards. */
  readonly landsAt: string;
}

/** What every program is given of this machine's environment: `home` in place of the user's own folder. */
export function plainEnv(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home, LANG: 'C.UTF-8' };
}
