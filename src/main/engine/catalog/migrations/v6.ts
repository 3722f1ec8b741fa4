/**
 * Schema 6: restored files move back to where they came from, and retrieved segments are kept for the next order.
 *
 * `put_back_folders` has one bit a folder of an order, by its number: those that are made while its files move back, until
 * that is over.
 * `kept_segments` says which segments of a pack lie in the profile, verified when they were kept.
 */
export const v6 = {
  version: 6,
  sql: `
create table put_back_folders (
  order_id integer primary key references orders on delete cascade,
  folders blob not null
) strict;

create table kept_segments (
  pack integer not null references packs on delete cascade,
  first integer not null,
  until integer not null,
  kept_at integer not null,
  primary key (pack, first)
) strict, without rowid;
`,
} as const;
