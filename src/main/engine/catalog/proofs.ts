/**
 * What is known of packs at their target beyond their state: the last listing that had each, and which of its MiB were
 * read back and found whole. A pack about which nothing was ever found out has no row.
 */
import type { ByteRange } from '../target/target.ts';
import { bulkTexts } from './bulk.ts';
import { blobOrNull, int, intOrNull, textOrNull } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { PackKey, TargetId } from './ids.ts';

const MIB = 1024 * 1024;

/**
 * Why a pack is suspect. `missing` and `differs` are cleared by a listing that has it; `gone` (the target refused it as
 * unknown) and `damaged` are not, because the listing knew no better before. `replaced`: some of its chunks are elsewhere by now.
 * `deleting`: it is there, but a person has asked for its deletion; `gone` once that has happened.
 */
export type Suspicion = 'missing' | 'differs' | 'gone' | 'damaged' | 'replaced' | 'deleting';

export interface Proof {
  readonly pack: PackKey;
  /** Date of the last listing that had it, by the target's clock. */
  readonly listedAt: number | null;
  /** When a part of it was last read back and found whole. */
  readonly provenAt: number | null;
  /** Bytes of it that ever were. */
  readonly provenBytes: number;
  readonly suspected: Suspicion | null;
}

/** Of all packs of the target that have one. */
export async function proofsOf(db: Reader, target: TargetId): Promise<ReadonlyMap<PackKey, Proof>> {
  const rows = await db.rows(
    'select p.* from proofs p join packs k on k.id = p.pack where k.target = ? order by p.pack',
    [target],
  );
  return new Map(
    rows.map((row) => {
      const pack = int(row, 'pack') as PackKey;
      const proof = {
        pack,
        listedAt: intOrNull(row, 'listed_at'),
        provenAt: intOrNull(row, 'proven_at'),
        provenBytes: countBits(blobOrNull(row, 'proven')) * MIB,
        suspected: textOrNull(row, 'suspected') as Suspicion | null,
      };
      return [pack, proof];
    }),
  );
}

/** A listing of this date has them; the date never goes back. */
export async function markListed(tx: Tx, packs: readonly PackKey[], takenAt: number): Promise<void> {
  for (const batch of bulkTexts(packs, (pack) => [pack])) {
    await tx.run(
      `insert into proofs (pack, listed_at) select value ->> 0, ?1 from jsonb_each(?2) where true
       on conflict (pack) do update set listed_at = max(coalesce(listed_at, ?1), ?1)`,
      [takenAt, batch],
    );
  }
}

/** The range was read back at `at` and is what was stored. Whole MiB, or up to the end of the archive. */
export async function addProof(tx: Tx, pack: PackKey, range: ByteRange, at: number): Promise<void> {
  const row = await tx.row('select proven from proofs where pack = ?', [pack]);
  const before = (row && blobOrNull(row, 'proven')) ?? Buffer.alloc(0);
  const end = Math.ceil(range.end / MIB);
  const bits = Buffer.alloc(Math.max(before.length, Math.ceil(end / 8)));
  before.copy(bits);
  for (let n = range.first / MIB; n < end; n++) bits[n >> 3] = (bits[n >> 3] ?? 0) | (1 << (n & 7));
  await tx.run(
    `insert into proofs (pack, proven_at, proven) values (?1, ?2, ?3)
     on conflict (pack) do update set proven_at = max(coalesce(proven_at, ?2), ?2), proven = ?3`,
    [pack, at, bits],
  );
}

function countBits(bits: Buffer | null): number {
  let count = 0;
  for (const byte of bits ?? []) for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}
