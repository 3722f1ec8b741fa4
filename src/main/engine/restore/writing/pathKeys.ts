/**
 * Paths as text to look things up by: one character a byte, names joined by slashes.
 *
 * One path after the other is usually the last one and a name more or less; what they share is not made again, so that
 * a tree thousands of folders deep does not cost the square of its depth.
 */
import { nameOnDisk } from '../names.ts';

const SLASH = 0x2f;

export class PathKeys {
  #last: readonly Buffer[] = [];
  #lastKey = '';

  /** @throws EngineError where a name holds a slash: it would have the key of another path */
  keyOf(names: readonly Buffer[]): string {
    let shared = 0;
    let end = 0;
    for (; shared < names.length && names[shared] === this.#last[shared]; shared++) {
      end += (shared === 0 ? 0 : 1) + (names[shared]?.length ?? 0);
    }
    const parts = names.slice(shared).map(textOf);
    if (shared > 0) parts.unshift(this.#lastKey.slice(0, end));
    this.#last = names.slice(); // the caller may go on with its array
    this.#lastKey = parts.join('/');
    return this.#lastKey;
  }
}

function textOf(name: Buffer): string {
  if (name.includes(SLASH)) nameOnDisk(name, 'linux');
  return name.toString('latin1');
}
