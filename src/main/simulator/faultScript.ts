/** Faults as JSON, from the control door or a file: as faults.ts describes them, and times that a file can know. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { acts, type Fault } from './faults.ts';

const count = z.int().nonnegative();

const matching = {
  operation: z.string().min(1),
  after: count.optional(),
  every: z.int().positive().optional(),
  times: z.union([z.int().positive(), z.literal('always')]).optional(),
  until: z.union([z.number(), z.iso.datetime().transform((text) => Date.parse(text))]).optional(),
  /** Virtual seconds from when the fault is ordered; a script need not know the time. */
  forSeconds: z.number().positive().optional(),
  delayMs: count.optional(),
};
const answer = { ...matching, when: z.literal('answer') };

const lineShape = z.union([
  z.strictObject({
    ...matching,
    when: z.enum(['before', 'after']).default('before'),
    status: z.int().min(400).max(599),
    code: z.string(),
    message: z.string().default(''),
    retryAfterSeconds: count.optional(),
  }),
  z.strictObject({ ...matching, when: z.enum(['drop-before', 'drop-after']) }),
  z.strictObject({ ...matching, when: z.literal('cut-body'), bytes: count }),
  z.strictObject({ ...matching, when: z.literal('delay'), delayMs: count }),
  z.strictObject({ ...answer, change: z.enum(['truncate', 'shorten']), bytes: count }),
  z.strictObject({
    ...answer,
    change: z.literal('flip'),
    offset: count,
    hash: z.enum(['keep', 'match']).optional(),
  }),
  z.strictObject({ ...answer, change: z.literal('hash'), to: z.enum(['wrong', 'missing']) }),
  z.strictObject({ ...answer, change: z.enum(['html', 'empty']) }),
  z.strictObject({ ...answer, change: z.literal('date'), skewMs: z.number() }),
  z.strictObject({ ...matching, when: z.enum(['act-before', 'act-after']), act: z.enum(acts) }),
]);

/** One fault or a list of them; `now` is virtual epoch ms. @throws z.ZodError */
export function readFaults(json: unknown, now: number): Fault[] {
  const lines = z.array(lineShape).parse(Array.isArray(json) ? json : [json]);
  return lines.map(({ forSeconds, ...fault }) =>
    forSeconds === undefined ? fault : { ...fault, until: now + forSeconds * 1000 },
  );
}

/** The faults in the file `path`. @throws Error that names the file if it cannot be read or makes no sense */
export function readFaultFile(path: string, now: number): Fault[] {
  try {
    return readFaults(JSON.parse(readFileSync(path, 'utf8')), now);
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? whatIsWrong(cause) : String(cause);
    throw new Error(`The faults in ${path} cannot be used. ${reason}`, { cause });
  }
}

/** Of the forms that a fault may have, the one that it comes nearest to is told. */
export function whatIsWrong(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const nearest =
        issue.code === 'invalid_union'
          ? issue.errors.toSorted((a, b) => a.length - b.length).at(0)
          : undefined;
      const [inner] = nearest ?? [];
      const path = [...issue.path, ...(inner?.path ?? [])].join('.');
      return `${(inner ?? issue).message}${path === '' ? '' : ` (at ${path})`}.`;
    })
    .join(' ');
}
