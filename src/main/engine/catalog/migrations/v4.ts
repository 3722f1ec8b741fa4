/**
 * Schema 4: profiles that are made anew from what a target holds, and several installations at one target.
 *
 * A plan with a `writer` belongs to another installation: its history is kept and restored from, but it is not backed up
 * here. `relist` says that the next manifest lists the whole tree, because what came before was told by another writer.
 *
 * A recovery is carried on after a kill from its row and the archives it fetches. One is open per target at most.
 */
export const v4 = {
  version: 4,
  sql: `
alter table plans add column writer text;
alter table plans add column host text;
alter table plans add column relist integer not null default 0;

create table recoveries (
  id integer primary key autoincrement,
  uid text not null unique,
  target integer not null references targets on delete cascade,
  wanted text not null,
  step text not null,
  listing text,
  estimate text not null,
  waits integer not null default 0,
  result text,
  created_at integer not null,
  ended_at integer,
  outcome text,
  failure text
) strict;
create unique index recoveries_once on recoveries (target) where ended_at is null;

create table recovery_archives (
  id integer primary key autoincrement,
  recovery integer not null references recoveries on delete cascade,
  role text not null,
  archive_id text not null,
  range_first integer,
  range_end integer,
  description text not null,
  size integer not null,
  tree_hash text,
  created_at integer not null,
  state text not null,
  job integer,
  error text,
  unique (recovery, archive_id, range_first)
) strict;
`,
} as const;
