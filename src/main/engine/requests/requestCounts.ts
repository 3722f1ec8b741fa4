/** Requests of a piece of work, added up by operation for the spend ledger. */
export class RequestCounts {
  readonly #counts = new Map<string, { count: number; bytes: number }>();

  add(operation: string, bytes: number): void {
    const seen = this.#counts.get(operation) ?? { count: 0, bytes: 0 };
    this.#counts.set(operation, { count: seen.count + 1, bytes: seen.bytes + bytes });
  }

  /** What was added since the last call. */
  take(): { readonly operation: string; readonly count: number; readonly bytes: number }[] {
    const rows = [...this.#counts].map(([operation, counted]) => ({ operation, ...counted }));
    this.#counts.clear();
    return rows;
  }
}
