/**
 * Schema 3: whether what was stored is still there.
 *
 * A check is carried on after a kill from its row, the ranges it reads back and what it has found. A proof is what is known
 * of a pack beyond its state: when a listing last had it, and which of its MiB were read back, ever, and when last.
 * `suspected` says why a pack is suspect, which decides what can clear it of that.
 */
export const v3 = {
  version: 3,
  sql: `
create table checks (
  id integer primary key autoincrement,
  uid text not null unique,
  target integer not null references targets on delete cascade,
  wanted text not null,
  step text not null,
  listing text,
  estimate text not null,
  created_at integer not null,
  ended_at integer,
  outcome text,
  failure text
) strict;
create unique index checks_once on checks (target) where ended_at is null;
create index checks_target on checks (target, id);

create table check_reads (
  id integer primary key autoincrement,
  check_id integer not null references checks on delete cascade,
  pack integer not null,
  range_first integer not null,
  range_end integer not null,
  state text not null,
  job integer,
  error text
) strict;
create index check_reads_check on check_reads (check_id);

create table check_findings (
  check_id integer not null references checks on delete cascade,
  number integer not null,
  kind text not null,
  pack integer not null,
  archive_id text not null,
  size integer not null,
  created_at integer,
  primary key (check_id, number)
) strict, without rowid;

create table proofs (
  pack integer primary key references packs on delete cascade,
  listed_at integer,
  proven_at integer,
  proven blob,
  suspected text
) strict;
`,
} as const;
