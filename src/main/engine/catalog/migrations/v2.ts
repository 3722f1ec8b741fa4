/**
 * Schema 2: what is done with vaults beyond our own backups.
 *
 * `service` names the account's side of a vault (see requests/vaultPlace.ts): these rows belong to vaults, which need
 * not be targets. A vault job is asked for once: the partial index keeps a second row for the same thing out while the
 * first can still bring it. The same holds for errands.
 *
 * Archives of an inventory are found by the first letters of their ids, which are random: an index over whole ids of
 * 138 letters would be larger than the rows it finds and take most of the time of writing them.
 */
export const v2 = {
  version: 2,
  sql: `
create table vault_locks (
  service text not null,
  vault text not null,
  lock_id text not null,
  started_at integer not null,
  expires_at integer not null,
  primary key (service, vault)
) strict, without rowid;

create table vault_jobs (
  id integer primary key autoincrement,
  service text not null,
  vault text not null,
  asked text not null,
  description text not null unique,
  state text not null,
  job_id text,
  created_at integer not null,
  error text
) strict;
create unique index vault_jobs_once on vault_jobs (service, vault, asked)
  where state in ('planned', 'requested', 'ready');

create table inventories (
  id integer primary key autoincrement,
  service text not null,
  vault text not null,
  scope text not null,
  state text not null,
  arn text not null,
  taken_at integer not null,
  read_at integer not null,
  archives integer not null,
  bytes integer not null,
  duplicates integer not null,
  known_at integer not null
) strict;
create index inventories_vault on inventories (service, vault, id);

create table inventory_archives (
  inventory integer not null references inventories on delete cascade,
  number integer not null,
  archive_id text not null,
  description text not null,
  name text,
  tool text not null,
  created_at integer not null,
  size integer not null,
  tree_hash text not null,
  gone integer not null default 0,
  primary key (inventory, number)
) strict, without rowid;
create index inventory_archives_id on inventory_archives (inventory, substr(archive_id, 1, 8));

create table errands (
  id integer primary key autoincrement,
  uid text not null unique,
  kind text not null,
  service text not null,
  place text not null,
  vault text not null,
  wanted text not null,
  step text not null,
  progress text not null,
  notes blob,
  estimate text not null,
  created_at integer not null,
  ended_at integer,
  outcome text,
  failure text
) strict;
create unique index errands_once on errands (kind, service, vault, wanted) where ended_at is null;

create table deletions (
  errand integer not null references errands on delete cascade,
  number integer not null,
  archive_id text not null,
  created_at integer,
  size integer,
  state text not null,
  primary key (errand, number)
) strict, without rowid;
create index deletions_open on deletions (errand, number) where state = 'wanted';
`,
} as const;
