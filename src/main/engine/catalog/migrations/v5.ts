/**
 * Schema 5: a retrieval may be a part of what a job brings that was started for something else.
 *
 * `job_first` is where in the archive that job's output begins, when that is not where the retrieval's own range does.
 * `asked` counts how often the retrieval was started, and paid, for its order.
 * `rank` says which come first, the lowest; equal ones as they were planned.
 * `order_local` has one bit a file of an order: those whose content was on this computer when it was placed.
 */
export const v5 = {
  version: 5,
  sql: `
alter table retrievals add column job_first integer;
alter table retrievals add column asked integer not null default 0;
alter table retrievals add column rank integer not null default 0;

create table order_local (
  order_id integer primary key references orders on delete cascade,
  files blob not null
) strict;
`,
} as const;
