/**
 * What a catalog knows of a target, in a form that does not depend on its own numbers and leaves out what only one computer
 * knows: two catalogs of which one was made anew from the target alone must be equal in it, table by table.
 *
 * Left out on purpose: `proofs`, `runs`, settings and orders; which run made a pack; change time, inode number and settled flag of
 * a file (meta is compared up to the mtime and flags). Versions of an entry that differ in nothing else are one.
 */
import type { Database } from 'sqlite3';
import sqlite3 from 'sqlite3';

export type Told = Readonly<Record<string, readonly string[]>>;

export async function toldBy(file: string): Promise<Told> {
  const db = await opened(file);
  try {
    return {
      plans: await texts(
        db,
        `select json_array(p.uid, p.name, p.excludes, p.created_at,
           (select json_group_array(hex(path) order by position) from sources where plan = p.id)) from plans p`,
      ),
      snapshots: await texts(
        db,
        `select json_array(s.uid, p.uid, (select uid from snapshots b where b.plan = s.plan and b.state = 'committed' and b.id < s.id
             order by b.id desc limit 1), s.tags, s.base, s.started_at, s.ended_at,
           s.epoch, (select hex(uid) from packs where id = s.manifest), s.files, s.folders, s.bytes, s.new_bytes, s.stored_bytes)
         from snapshots s join plans p on p.id = s.plan where s.state = 'committed'`,
      ),
      packs: await texts(
        db,
        `select json_array(hex(uid), kind, state, size, hex(header), hex(tree_hash), archive_id, key_epoch, raw_bytes, frame_count,
           chunk_count, (select hex(m.uid) from packs m where m.id = packs.told_by)) from packs where kind <> 'catalog'`,
      ),
      frames: await texts(
        db,
        `select json_array(hex(p.uid), f.id - p.first_frame, f.start, f.stored, f.raw, f.codec)
         from frames f join packs p on p.id = f.pack`,
      ),
      chunks: await texts(
        db,
        `select json_array(hex(c.hash), hex(p.uid), c.frame - p.first_frame, c.start, c.length)
         from chunks c join frames f on f.id = c.frame join packs p on p.id = f.pack`,
      ),
      entries: await entries(db),
      touched: await texts(
        db,
        `with recursive path (id, text) as (
           select id, hex(name) from folders where parent = 0
           union all select f.id, path.text || '/' || hex(f.name) from folders f join path on f.parent = path.id)
         select distinct json_array(p.uid, path.text) from folders f join path on path.id = f.id join plans p on p.id = f.plan`,
      ),
    };
  } finally {
    await new Promise((resolve) => db.close(resolve));
  }
}

interface Version {
  readonly key: string;
  readonly since: string;
  until: string | null;
}

/** The uid of the first snapshot from that number on that is kept: those before it that were forgotten are as good as it. */
function keptFrom(number: string): string {
  return `(select s.uid from snapshots s where s.plan = path.plan and s.state = 'committed' and s.id >= ${number} order by s.id limit 1)`;
}

/** Each entry with its intervals by snapshot uid, and its content by chunk hashes. */
async function entries(db: Database): Promise<readonly string[]> {
  const rows = await all(
    db,
    `with recursive path (id, plan, text) as (
       select id, plan, hex(name) from folders where parent = 0
       union all select f.id, f.plan, path.text || '/' || hex(f.name) from folders f join path on f.parent = path.id)
     select (select uid from plans where id = path.plan) plan, path.text folder, hex(e.name) name, e.kind kind, e.size size, e.meta meta, e.content content,
       ${keptFrom('e.since')} since, ${keptFrom('e.until')} until
     from entries e join path on path.id = e.folder order by path.plan, path.text, e.name, e.since`,
  );
  const hashes = new Map(
    (await all(db, 'select id, hex(hash) hash from chunks')).map((row) => [
      Number(row['id']),
      String(row['hash']),
    ]),
  );
  const versions: Version[] = [];
  let place = '';
  for (const row of rows) {
    const here = [row['plan'], row['folder'], row['name']].join('|');
    const what = [row['kind'], row['size'], visible(row['meta'] as Buffer, Number(row['kind']))].join('|');
    const content =
      row['content'] === null ? '' : contentOf(row['content'] as Buffer, Number(row['kind']), hashes);
    const key = `${here}|${what}|${content}`;
    const last = versions.at(-1);
    if (place === here && last?.key === key && last.until === row['since'])
      last.until = row['until'] as string | null;
    else versions.push({ key, since: String(row['since']), until: row['until'] as string | null });
    place = here;
  }
  return versions.map(({ key, since, until }) => `${key}|${since}|${until ?? 'now'}`).sort();
}

/** Numbers of `meta` that a manifest tells: mode, uid, gid, mtime; of a file its flags but `settled`, and its inode. */
function visible(meta: Buffer, kind: number): string {
  const numbers = varints(meta);
  const common = numbers.slice(0, 5);
  if (kind !== 1) return common.join(',');
  const flags = numbers[8] ?? 0;
  return [...common, flags & ~4, numbers[9] ?? ''].join(',');
}

function contentOf(content: Buffer, kind: number, hashes: ReadonlyMap<number, string>): string {
  if (kind !== 1) return content.toString('hex');
  const runs = varints(content.subarray(32));
  const ids: string[] = [];
  let after = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const packed = runs[i] ?? 0;
    const first = after + (packed % 2 === 0 ? packed / 2 : -(packed + 1) / 2);
    const count = runs[i + 1] ?? 0;
    for (let n = first; n < first + count; n++) ids.push(hashes.get(n) ?? `unknown ${n}`);
    after = first + count;
  }
  return `${content.toString('hex', 0, 32)}:${ids.join()}`;
}

function varints(bytes: Buffer): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  return numbers;
}

function opened(file: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const db = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) => {
      if (error) reject(error);
      else resolve(db);
    });
  });
}

function all(db: Database, sql: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    db.all<Record<string, unknown>>(sql, (error, rows) => {
      if (error) reject(error);
      else resolve(rows);
    });
  });
}

async function texts(db: Database, sql: string): Promise<readonly string[]> {
  return (await all(db, sql)).map((row) => String(Object.values(row)[0])).sort();
}

/** Archives of packs of one kind, in the order in which they were stored. */
export async function archivesOfKind(
  file: string,
  kind: 'data' | 'manifest' | 'catalog',
): Promise<readonly string[]> {
  const db = await opened(file);
  try {
    const rows = await all(
      db,
      `select archive_id id from packs where kind = '${kind}' and archive_id is not null order by packs.id`,
    );
    return rows.map((row) => String(row['id']));
  } finally {
    await new Promise((resolve) => db.close(resolve));
  }
}
