/**
 * Named places between two durable effects, at which tests end the process the way a power cut would.
 *
 * Each name stands at one place in the code, right after the effect it is called after; docs/durability.md says for each
 * what a crash there leaves. With `PERMAFROST_CRASH_AT=name` (or `name#3`: the third time) in the environment the process
 * kills itself there, without unwinding anything. Otherwise a call is one comparison.
 */

/** In the order in which a backup, its recovery, a restore, a check and a recovery come past them. */
export const crashPoints = [
  'keys-written',
  'keys-adopted',
  'run-noted',
  'pack-written',
  'pack-synced',
  'pack-named',
  'pack-verified',
  'pack-sealed',
  'upload-intended',
  'upload-begun',
  'upload-noted',
  'part-sent',
  'upload-finished',
  'pack-stored',
  'pack-unstaged',
  'pack-removed',
  'keys-stored',
  'keys-noted',
  'manifest-sealed',
  'manifest-told',
  'manifest-stored',
  'committed',
  'head-raised',
  'snapshot-undone',
  'copy-exported',
  'copy-sealed',
  'copy-stored',
  'run-ended',
  'recovery-unstaged',
  'recovery-forgot',
  'recovery-swept',
  'recovery-committed',
  'recovery-dropped',
  'recovery-pruned',
  'recovery-closed',
  'order-placed',
  'destination-taken',
  'retrieval-intended',
  'retrieval-asked',
  'retrieval-noted',
  'retrieval-ready',
  'piece-kept',
  'retrieval-fetched',
  'file-named',
  'pack-extracted',
  'segments-moved',
  'segments-removed',
  'order-ended',
  'order-signed-off',
  'put-back-set-aside',
  'put-back-copied',
  'put-back-named',
  'check-noted',
  'check-asked',
  'check-compared',
  'check-judged',
  'check-ended',
  'rules-applied',
  'prune-deleted',
  'prune-forgotten',
  'rebuild-noted',
  'rebuild-asked',
  'rebuild-fetched',
  'rebuild-copied',
  'rebuild-packed',
  'rebuild-snapshot',
  'rebuild-forgotten',
  'rebuild-ended',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

const [wanted, nth] = (process.env.PERMAFROST_CRASH_AT ?? '').split('#');
let left = Number(nth ?? 1);

/** Ends the process here if the environment asks for it. */
export function crashpoint(name: CrashPoint): void {
  if (name !== wanted) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
}
