import type { Failure, FailureKind } from '../../shared/failure.ts';

/** An expected failure, thrown inside the engine and translated to a `Failure` at its door. */
export class EngineError extends Error {
  readonly kind: FailureKind;
  readonly advice: string;
  readonly safe: string | undefined;

  /**
   * @param message one sentence for a person, naming the thing
   * @param advice what to do next, as an instruction
   */
  constructor(kind: FailureKind, message: string, advice: string, more?: { safe?: string; cause?: unknown }) {
    super(message, more?.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'EngineError';
    this.kind = kind;
    this.advice = advice;
    this.safe = more?.safe;
  }
}

/** Translates anything thrown into the value that crosses to a host. Unknown errors become `bug`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof EngineError) {
    const { kind, message, advice, safe } = error;
    return safe === undefined ? { kind, message, advice } : { kind, message, safe, advice };
  }
  if (isAbort(error))
    return { kind: 'cancelled', message: 'Stopped as asked.', advice: 'Start again when ready.' };
  const disk = diskFailure(error);
  if (disk !== undefined) return toFailure(disk);
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'bug',
    message: `Something went wrong inside Permafrost: ${message}.`,
    safe: 'Nothing that was stored before is affected.',
    advice: 'Try again; if it happens again, report it with this message.',
  };
}

/** Whether `error` is what an aborted `AbortSignal` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The `code` of a Node system error (`ENOENT` …), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A full or read-only disk, said as such; undefined for anything else. */
export function diskFailure(error: unknown, where = 'the disk'): EngineError | undefined {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EngineError(
      'no-space',
      `There is no space left on ${where}.`,
      'Free some space, then run it again.',
      {
        safe: 'What was already stored stays stored; nothing half-done counts as done.',
        cause: error,
      },
    );
  }
  if (code === 'EROFS') {
    return new EngineError('unwritable', `${where} is read-only.`, 'Choose a place that can be written.', {
      cause: error,
    });
  }
  return undefined;
}

/** A file that cannot be made, written or named, told with what the system says of it. */
export function unwritable(path: string, cause: unknown): EngineError {
  return (
    diskFailure(cause, `the disk of ${path}`) ??
    new EngineError(
      'unwritable',
      `${path} cannot be written (${errorCode(cause) ?? 'unknown error'}).`,
      'Check that its folder exists and is writable.',
      { cause },
    )
  );
}
