/**
 * When to look at retrievals again. Looking is free, but a vault's answer changes after hours: the wait doubles from
 * one second up to the target's cap, so that quick targets are seen quickly and slow ones are left in peace.
 */
const FIRST_WAIT_MS = 1000;

/** Wait before look number `looks` (from 0) since the last one that brought news, in ms. */
export function pollWaitMs(looks: number, capMs: number): number {
  return Math.min(capMs, FIRST_WAIT_MS * 2 ** Math.min(looks, 20));
}
