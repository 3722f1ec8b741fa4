/**
 * Schema 1.
 *
 * Entries are versioned by interval: a row is there from snapshot `since` until before snapshot `until`; it is current
 * while `until` is null. Rarely asked numbers of an entry are packed in `meta`, chunk list and hash in `content`
 * (see entryRecord.ts): eight values a row instead of twenty make writing three times as fast.
 *
 * `touched` names for each snapshot the folders in which rows begin or end with it, and all folders above those,
 * so that what a snapshot changed is found without an index over all entries.
 *
 * There is no index on chunk hashes: a run loads them into memory once. A pack's frames have consecutive ids, its
 * chunks lie in a range of numbers that is mostly its own; both ranges stand in the pack's row instead of an index.
 */
export const v1 = {
  version: 1,
  sql: `
create table settings (
  key text primary key,
  value text not null
) strict, without rowid;

create table targets (
  id integer primary key autoincrement,
  name text not null unique,
  kind text not null,
  settings text not null,
  pack_bytes integer not null,
  uid text not null unique,
  epoch integer not null default 0,
  head blob,
  keys_stored integer not null default 0,
  created_at integer not null
) strict;

create table plans (
  id integer primary key autoincrement,
  uid text not null unique,
  name text not null unique,
  target integer not null references targets,
  excludes text not null,
  created_at integer not null
) strict;
create index plans_target on plans (target);

create table sources (
  plan integer not null references plans on delete cascade,
  position integer not null,
  path blob not null,
  primary key (plan, position)
) strict, without rowid;

create table runs (
  id integer primary key autoincrement,
  plan integer not null references plans on delete cascade,
  snapshot integer,
  kind text not null,
  state text not null,
  started_at integer not null,
  ended_at integer,
  counts text not null,
  failure text
) strict;
create index runs_plan on runs (plan, id);

create table problems (
  run integer not null references runs on delete cascade,
  number integer not null,
  path blob not null,
  kind text not null,
  message text not null,
  primary key (run, number)
) strict, without rowid;

create table snapshots (
  id integer primary key autoincrement,
  uid text not null unique,
  plan integer not null references plans on delete cascade,
  parent integer,
  base integer not null,
  state text not null,
  started_at integer not null,
  ended_at integer,
  epoch integer,
  manifest integer,
  files integer not null default 0,
  folders integer not null default 0,
  bytes integer not null default 0,
  new_bytes integer not null default 0,
  stored_bytes integer not null default 0
) strict;
create index snapshots_plan on snapshots (plan, id);

create table folders (
  id integer primary key,
  plan integer not null,
  parent integer not null,
  name blob not null,
  unique (parent, name, plan)
) strict;

create table entries (
  folder integer not null,
  name blob not null,
  since integer not null,
  until integer,
  kind integer not null,
  size integer not null,
  meta blob not null,
  content blob,
  primary key (folder, name, since)
) strict, without rowid;

create table touched (
  snapshot integer not null,
  folder integer not null,
  primary key (snapshot, folder)
) strict, without rowid;

create table packs (
  id integer primary key autoincrement,
  uid blob not null unique,
  target integer not null references targets,
  kind text not null,
  state text not null,
  run integer,
  snapshot integer,
  size integer not null,
  header blob not null,
  tree_hash blob not null,
  archive_id text,
  key_epoch integer not null,
  staged integer not null,
  raw_bytes integer not null,
  first_frame integer not null,
  frame_count integer not null,
  first_chunk integer not null,
  last_chunk integer not null,
  chunk_count integer not null,
  created_at integer not null,
  stored_at integer,
  told_by integer
) strict;
create index packs_target on packs (target, state);
create index packs_snapshot on packs (snapshot);

create table frames (
  id integer primary key,
  pack integer not null,
  start integer not null,
  stored integer not null,
  raw integer not null,
  codec integer not null
) strict;

create table chunks (
  id integer primary key autoincrement,
  hash blob not null,
  frame integer not null,
  start integer not null,
  length integer not null
) strict;

create table uploads (
  pack integer primary key references packs on delete cascade,
  upload_id text,
  part_bytes integer,
  leaves blob not null,
  description text not null,
  begun_at integer
) strict;

create table orders (
  id integer primary key autoincrement,
  uid text not null unique,
  snapshot integer not null references snapshots,
  selection text not null,
  destination text not null,
  wishes text not null,
  tier text not null,
  state text not null,
  created_at integer not null,
  ended_at integer,
  result text not null,
  estimate text not null
) strict;
create index orders_snapshot on orders (snapshot);

create table order_progress (
  order_id integer primary key references orders on delete cascade,
  files blob not null,
  packs text not null,
  setbacks text not null
) strict;

create table retrievals (
  id integer primary key autoincrement,
  order_id integer not null references orders on delete cascade,
  pack integer not null,
  range_first integer,
  range_end integer,
  tier text not null,
  state text not null,
  job_id text,
  description text not null unique,
  requested_at integer,
  ready_at integer,
  fetched_at integer,
  error text
) strict;
create index retrievals_order on retrievals (order_id);

create table requests (
  id integer primary key,
  at integer not null,
  target integer not null,
  run integer,
  order_id integer,
  operation text not null,
  count integer not null,
  bytes integer not null
) strict;
create index requests_at on requests (at);
`,
} as const;
