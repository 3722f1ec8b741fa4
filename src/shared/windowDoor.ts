/** What the desktop's preload script gives the window as `window.permafrost`, and what the window makes of HTTP. */
import type { Door } from './contract.ts';

/**
 * Whether the engine can be reached: `up`, `gone` (it will be tried again), or `shut` (this window was let in once and
 * is not known any more; only a new link helps).
 */
export type Link = 'up' | 'gone' | 'shut';

export interface WindowDoor extends Door {
  /** Calls `listener` with the state at once and at each change. After `gone`, an `up` means: read everything again. */
  onLink(listener: (link: Link) => void): () => void;
}
