/** Uploads under way: one row for each pack from `sealed` until `stored`. Means nothing to another computer. */
import type { UploadId } from '../target/target.ts';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PackKey, RunId, TargetId } from './ids.ts';
import type { PackState } from './packs.ts';

/** A pack that is owed to its target, and how far its upload has come. */
export interface UploadRow {
  readonly pack: PackKey;
  readonly uid: string;
  readonly run: RunId | null;
  readonly state: PackState;
  readonly size: number;
  readonly treeHash: Buffer;
  /** SHA-256 of each MiB, 32 bytes each. */
  readonly leaves: Buffer;
  readonly description: string;
  /** Null before the upload has begun, and when it has to begin anew. */
  readonly uploadId: UploadId | null;
  readonly partBytes: number | null;
  readonly begunAt: number | null;
}

/** Notes the target's name for the upload, as soon as it is known. */
export async function markBegun(
  tx: Tx,
  pack: PackKey,
  begun: { readonly uploadId: UploadId; readonly partBytes: number; readonly begunAt: number },
): Promise<void> {
  const { changes } = await tx.run(
    'update uploads set upload_id = ?, part_bytes = ?, begun_at = ? where pack = ?',
    [begun.uploadId, begun.partBytes, begun.begunAt, pack],
  );
  if (changes !== 1) throw new RangeError(`pack ${pack} has no upload`);
}

/** The target has dropped the upload: the same bytes are to be sent from the beginning. */
export async function forgetUpload(tx: Tx, pack: PackKey): Promise<void> {
  await tx.run('update uploads set upload_id = null, part_bytes = null, begun_at = null where pack = ?', [
    pack,
  ]);
}

/** All that is owed to the target, in the order it was sealed; a handful, as staging is bounded. */
export async function owedUploads(db: Reader, target: TargetId): Promise<readonly UploadRow[]> {
  const rows = await db.rows(
    `select u.*, p.uid, p.run, p.state, p.size, p.tree_hash
     from uploads u join packs p on p.id = u.pack where p.target = ? order by u.pack`,
    [target],
  );
  return rows.map(uploadRow);
}

function uploadRow(row: Row): UploadRow {
  return {
    pack: int(row, 'pack') as PackKey,
    uid: blob(row, 'uid').toString('hex'),
    run: intOrNull(row, 'run') as RunId | null,
    state: text(row, 'state') as PackState,
    size: int(row, 'size'),
    treeHash: blob(row, 'tree_hash'),
    leaves: blob(row, 'leaves'),
    description: text(row, 'description'),
    uploadId: textOrNull(row, 'upload_id') as UploadId | null,
    partBytes: intOrNull(row, 'part_bytes'),
    begunAt: intOrNull(row, 'begun_at'),
  };
}
