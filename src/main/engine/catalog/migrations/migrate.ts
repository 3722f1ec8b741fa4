/**
 * Brings a catalog to the newest schema, one numbered step after the other, forward only. The number reached stands in
 * `user_version`. The list is static because a bundle has no folder to look in; a step that was released is never edited.
 */
import { EngineError } from '../../failure.ts';
import type { Connection } from '../db.ts';
import { int } from '../columns.ts';
import { damaged } from '../sqliteFailure.ts';
import { v1 } from './v1.ts';
import { v2 } from './v2.ts';
import { v3 } from './v3.ts';
import { v4 } from './v4.ts';
import { v5 } from './v5.ts';
import { v6 } from './v6.ts';
import { v7 } from './v7.ts';
import { v8 } from './v8.ts';

export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [v1, v2, v3, v4, v5, v6, v7, v8];

/** "PFCA": tells our file from any other SQLite database. */
const APPLICATION_ID = 0x50464341;

/**
 * Resolves to the schema the file had, 0 for a new one.
 * @throws EngineError `unsupported` when a newer Permafrost has been here, `corrupt` when it is not a catalog at all
 */
export async function migrate(db: Connection, file: string, steps = migrations): Promise<number> {
  const before = int((await db.row('pragma user_version')) ?? {}, 'user_version');
  await refuseForeign(db, file, before);
  const newest = steps.at(-1)?.version ?? 0;
  if (before > newest) throw tooNew(file, before, newest);
  for (const step of steps) {
    if (step.version <= before) continue;
    // One string, one transaction: a step that fails leaves nothing, and the number never runs ahead of the tables.
    await db.script(
      `begin immediate; ${step.sql}; pragma application_id = ${APPLICATION_ID}; pragma user_version = ${step.version}; commit`,
    );
  }
  return before;
}

async function refuseForeign(db: Connection, file: string, version: number): Promise<void> {
  const id = int((await db.row('pragma application_id')) ?? {}, 'application_id');
  if (id === APPLICATION_ID && version > 0) return;
  const tables = int((await db.row('select count(*) n from sqlite_schema')) ?? {}, 'n');
  if (id !== 0 || version !== 0 || tables !== 0) throw damaged(file);
}

function tooNew(file: string, found: number, known: number): EngineError {
  return new EngineError(
    'unsupported',
    `The catalog ${file} was written by a newer Permafrost (schema ${found}, this one knows ${known}).`,
    'Update Permafrost on this computer.',
    { safe: 'Nothing was changed.' },
  );
}
