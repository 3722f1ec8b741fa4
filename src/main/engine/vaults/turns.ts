/** Acts that must not run side by side: those under the same key take turns, in the order they came. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `act` when nobody else runs one under the same key. */
  async take<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return act();
    })();
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
