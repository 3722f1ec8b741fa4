/**
 * Schema 7: plans run by themselves.
 *
 * `schedule` is its text (src/shared/schedule.ts), `scheduled_at` when it was chosen: runs that would have been before
 * are not missed ones.
 */
export const v7 = {
  version: 7,
  sql: `
alter table plans add column schedule text not null default 'manual';
alter table plans add column scheduled_at integer not null default 0;
`,
} as const;
