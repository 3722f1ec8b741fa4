/**
 * Schema 5: a retrieval may be a part of what a job brings that was started for something else.
 *
 * `job_first` is where in the archive that job's output begins, when that is not where the retrieval's own range does.
 * `asked` counts how often the retrieval was started, and paid, for its order.
 */
export const v5 = {
  version: 5,
  sql: `
alter table retrievals add column job_first integer;
alter table retrievals add column asked integer not null default 0;
`,
} as const;
