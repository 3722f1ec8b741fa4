/** Requests of a piece of work, added up by operation for the spend ledger. */
import type { Catalog } from '../catalog/catalog.ts';
import type { OrderKey, RunId, TargetId } from '../catalog/ids.ts';
import { sizesOfArchives } from '../catalog/packs.ts';
import { addRequests, type RequestLine } from '../catalog/requests.ts';
import type { OnRequest } from '../target/countRequests.ts';
import type { ArchiveId } from '../target/target.ts';

/** For whom they were made. */
export interface BookedFor {
  readonly target: TargetId;
  readonly run?: RunId;
  readonly order?: OrderKey;
}

interface Counted {
  count: number;
  bytes: number;
  readonly whole: ArchiveId[];
}

export class RequestCounts {
  readonly #counts = new Map<string, Counted>();

  /** Retrievals are told apart by their tier. */
  readonly add: OnRequest = (operation, bytes, asked) => {
    const name = asked === undefined ? operation : `${operation}.${asked.tier}`;
    const seen = this.#counts.get(name) ?? { count: 0, bytes: 0, whole: [] };
    seen.count++;
    seen.bytes += bytes;
    if (asked !== undefined && asked.whole !== null) seen.whole.push(asked.whole);
    this.#counts.set(name, seen);
  };

  /** Writes down what was added since the last call. */
  async book(catalog: Catalog, { target, run, order }: BookedFor): Promise<void> {
    const counted = [...this.#counts];
    this.#counts.clear();
    const at = Date.now();
    const lines: RequestLine[] = [];
    for (const [operation, { count, bytes, whole }] of counted) {
      const sizes = whole.length === 0 ? 0 : await sizesOfArchives(catalog, target, whole);
      const made = { operation, count, bytes: bytes + sizes };
      lines.push({ at, target, run: run ?? null, order: order ?? null, ...made });
    }
    await catalog.transaction((tx) => addRequests(tx, lines));
  }
}
