/**
 * Keeps two simulators off one folder. A note in it says where the running one listens; whoever finds a note asks
 * there. A process id would not do: after a crash and a reboot it may belong to any other program.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './replaceFile.ts';

const noteShape = z.object({ url: z.url(), instance: z.string() });

export interface FolderClaim {
  /** Tells this run of the simulator from any other. */
  readonly instance: string;
  /** Writes down where it listens, and so that the folder is taken. */
  announce(url: string): void;
  release(): void;
}

/** @throws Error if a simulator that runs on `dir` answers. */
export async function claimFolder(dir: string): Promise<FolderClaim> {
  const path = join(dir, 'running.json');
  const note = readNote(path);
  if (note !== null && (await answers(note))) {
    throw new Error(`A simulator already runs on ${dir}, at ${note.url}.`);
  }
  const instance = randomUUID();
  return {
    instance,
    announce: (url) => replaceFile(path, JSON.stringify({ url, instance })),
    release: () => {
      if (readNote(path)?.instance === instance) rmSync(path, { force: true });
    },
  };
}

function readNote(path: string): z.infer<typeof noteShape> | null {
  try {
    return noteShape.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null; // no note or no good one: nobody to ask
  }
}

async function answers(note: z.infer<typeof noteShape>): Promise<boolean> {
  try {
    const response = await fetch(`${note.url}/-simulator/state`, { signal: AbortSignal.timeout(2000) });
    const state = z.object({ instance: z.string() }).parse(await response.json());
    return state.instance === note.instance;
  } catch {
    return false;
  }
}
