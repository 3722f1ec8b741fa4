/**
 * Schema 8: snapshots go by their plan's rules, and archives that nothing needs any more go after them.
 *
 * A forgotten snapshot keeps its row, without entries: its manifest may lie in the chain of one that is kept. A tombstone has
 * the next manifest tell so, as long as the target holds the snapshot's own; `told_by` counts while that manifest is stored.
 * `pinned` packs are needed by snapshots that this catalog does not hold any more, of a plan that was removed.
 * `dead_at` is when a pack was found to be needed by nothing, `live_bytes` what of it was still needed when that was looked at.
 * `deleted_packs` are remembered because a listing may still name them and their storage was paid for, `prunings` for the
 * history.
 * `past` keeps what was done for plans and targets that were removed, as history shows it.
 * A retired writer is another installation that does not write to the target any more, by its tag in descriptions.
 */
export const v8 = {
  version: 8,
  sql: `
alter table plans add column retention text not null default 'everything';
alter table snapshots add column tags text not null default '[]';
alter table snapshots add column forgotten_at integer;
alter table snapshots add column storm text;
alter table packs add column pinned integer not null default 0;
alter table packs add column dead_at integer;
alter table packs add column live_bytes integer;

create table tombstones (
  target integer not null references targets on delete cascade,
  snapshot text not null,
  forgotten_at integer not null,
  manifest integer,
  told_by integer,
  primary key (target, snapshot)
) strict, without rowid;

create table deleted_packs (
  uid blob primary key,
  target integer not null references targets on delete cascade,
  size integer not null,
  stored_at integer not null,
  deleted_at integer not null
) strict, without rowid;
create index deleted_packs_target on deleted_packs (target, deleted_at);

create table prunings (
  id integer primary key autoincrement,
  target integer not null,
  target_name text not null,
  started_at integer not null,
  ended_at integer,
  archives integer not null default 0,
  bytes integer not null default 0,
  fee_usd real not null default 0,
  failure text
) strict;

create table past (
  id integer primary key autoincrement,
  kind text not null,
  started_at integer not null,
  line text not null
) strict;
create index past_started on past (started_at);

create table retired_writers (
  target integer not null references targets on delete cascade,
  tag text not null,
  retired_at integer not null,
  primary key (target, tag)
) strict, without rowid;
`,
} as const;
