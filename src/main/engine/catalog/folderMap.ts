import { BATCH_ROWS } from './bulk.ts';
import type { Reader, Tx } from './db.ts';
import { ensureFolders, type FolderPlace } from './folders.ts';
import type { FolderId, PlanId } from './ids.ts';

type Packed = [FolderId, FolderId, string];

/**
 * Every folder a plan has ever held, by parent and name, in memory: some 100 bytes each. A run asks for each of them
 * once, and a statement for each would cost more than listing it.
 */
export class FolderMap {
  readonly #plan: PlanId;
  readonly #ids = new Map<string, FolderId>();

  private constructor(plan: PlanId) {
    this.#plan = plan;
  }

  static async load(db: Reader, plan: PlanId): Promise<FolderMap> {
    const map = new FolderMap(plan);
    for (let after = 0; ;) {
      const rows = (await db.json(
        `select json_group_array(json_array(id, parent, hex(name)) order by id)
         from (select id, parent, name from folders where plan = ? and id > ? order by id limit ${BATCH_ROWS})`,
        [plan, after],
      )) as Packed[];
      for (const [id, parent, name] of rows) map.#ids.set(keyOf(parent, Buffer.from(name, 'hex')), id);
      if (rows.length < BATCH_ROWS) return map;
      after = rows.at(-1)?.[0] ?? after;
    }
  }

  get(parent: FolderId, name: Buffer): FolderId | undefined {
    return this.#ids.get(keyOf(parent, name));
  }

  /** Numbers of folders by place, made where they are new. */
  async ensure(tx: Tx, places: readonly FolderPlace[]): Promise<readonly FolderId[]> {
    const ids = await ensureFolders(tx, this.#plan, places);
    for (const [i, { parent, name }] of places.entries()) {
      const id = ids[i];
      if (id !== undefined) this.#ids.set(keyOf(parent, name), id);
    }
    return ids;
  }
}

/** Latin1 keeps every byte of a name as one character; a name holds no slash. */
function keyOf(parent: FolderId, name: Buffer): string {
  return `${parent}/${name.toString('latin1')}`;
}
