/** Segments of packs that earlier orders retrieved and that still lie in the profile. */
import { int } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PackKey } from './ids.ts';

export interface KeptRange {
  /** In MiB. */
  readonly first: number;
  readonly end: number;
}

/** Of those packs that have any: disjoint ranges, ascending. */
export async function keptRanges(
  db: Reader,
  packs: Iterable<PackKey>,
): Promise<ReadonlyMap<PackKey, readonly KeptRange[]>> {
  const rows = await db.rows(
    `select pack, first, until from kept_segments
     where pack in (select value from json_each(?)) order by pack, first`,
    [JSON.stringify([...packs])],
  );
  const byPack = new Map<PackKey, KeptRange[]>();
  for (const row of rows) {
    const pack = int(row, 'pack') as PackKey;
    const ranges = byPack.get(pack);
    if (ranges === undefined) byPack.set(pack, [rangeOf(row)]);
    else ranges.push(rangeOf(row));
  }
  return byPack;
}

export interface KeptPack {
  readonly pack: PackKey;
  /** 32 hex digits. */
  readonly uid: string;
  readonly segments: number;
  readonly keptAt: number;
}

/** The longest kept first. */
export async function listKept(db: Reader): Promise<readonly KeptPack[]> {
  const rows = await db.rows(
    `select k.pack, lower(hex(p.uid)) uid, sum(k.until - k.first) segments, max(k.kept_at) kept_at
     from kept_segments k join packs p on p.id = k.pack group by k.pack order by kept_at, k.pack`,
  );
  return rows.map((row) => ({
    pack: int(row, 'pack') as PackKey,
    uid: String(row['uid']),
    segments: int(row, 'segments'),
    keptAt: int(row, 'kept_at'),
  }));
}

/** Instead of what was kept of the pack before. */
export async function saveKept(
  tx: Tx,
  pack: PackKey,
  ranges: readonly KeptRange[],
  keptAt: number,
): Promise<void> {
  await forgetKept(tx, pack);
  for (const { first, end } of ranges) {
    await tx.run('insert into kept_segments (pack, first, until, kept_at) values (?, ?, ?, ?)', [
      ...[pack, first, end, keptAt],
    ]);
  }
}

export async function forgetKept(tx: Tx, pack: PackKey): Promise<void> {
  await tx.run('delete from kept_segments where pack = ?', [pack]);
}

function rangeOf(row: Row): KeptRange {
  return { first: int(row, 'first'), end: int(row, 'until') };
}
