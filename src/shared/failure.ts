/**
 * How a failure crosses from the engine to a person: as a value, in three parts (what happened, what is
 * safe, what to do). Callers decide by `kind` only, never by the words.
 */

/** Every kind of expected failure. `bug` is a broken invariant of ours and asks for a report. */
export const failureKinds = [
  'offline', // the service or network does not answer
  'throttled', // the service asks to slow down
  'denied', // credentials missing, wrong, expired or without the right
  'closed', // the account cannot use vaults (NoLongerSupportedException)
  'clock', // this computer's clock is too far off for the service
  'not-found', // vault, archive, job, snapshot, plan, path …
  'conflict', // name taken, folder not empty, already running
  'invalid', // what was asked makes no sense as asked
  'changed', // the file or folder changed under us
  'corrupt', // bytes are not what they should be
  'no-space', // disk full
  'unreadable', // a source file or folder cannot be read
  'unwritable', // a place we must write to cannot be written
  'locked', // passphrase needed
  'wrong-passphrase',
  'busy', // another engine uses the profile
  'unsupported', // this system or target cannot do it
  'cancelled',
  'bug',
] as const;

export type FailureKind = (typeof failureKinds)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** One sentence for a person: what happened, naming the thing. */
  readonly message: string;
  /** What is safe in spite of it. Absent where nothing was at risk. */
  readonly safe?: string;
  /** What to do next, as an instruction. */
  readonly advice: string;
}

export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };
