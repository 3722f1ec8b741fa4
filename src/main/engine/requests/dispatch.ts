/** Takes a request from outside: checks its name, parses its input, turns what is thrown into a failure. */
import type { z } from 'zod';
import { inputs, isRequestName, type RequestName, type Routes } from '../../../shared/contract.ts';
import type { Failure, Reply } from '../../../shared/failure.ts';
import { toFailure } from '../failure.ts';

export async function dispatch(routes: Routes, name: string, input: unknown): Promise<Reply<unknown>> {
  if (!isRequestName(name)) return refuse(`There is no request "${name}".`, 'Update the program that asked.');
  const parsed = parse(name, input);
  if (parsed === null) return refuse('The request is not valid.', 'Correct it and ask again.');
  if (!parsed.success) return refuse(whatIsWrong(parsed.error), 'Correct it and ask again.');
  try {
    return { ok: true, value: await call(routes, name, parsed.data) };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}

/**
 * Null for what makes the parser itself stumble, as `{"name": {"length": {"toString": 0}}}` does: it looks at the length
 * of what should have been a text, and cannot compare it.
 */
function parse(name: RequestName, input: unknown): z.ZodSafeParseResult<unknown> | null {
  try {
    return inputs[name].safeParse(input);
  } catch {
    return null;
  }
}

/** The one place where a name and the input that was parsed by this name's schema meet its route. */
function call(routes: Routes, name: RequestName, input: unknown): Promise<unknown> {
  const route = routes[name] as (input: unknown) => Promise<unknown>;
  return route(input);
}

function refuse(message: string, advice: string): { ok: false; failure: Failure } {
  return { ok: false, failure: { kind: 'invalid', message, advice } };
}

/** The first complaint, as a sentence. */
function whatIsWrong(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'The request is not valid.';
  const where = issue.path.join(' ');
  const said = `${issue.message.charAt(0).toUpperCase()}${issue.message.slice(1)}`;
  // The contract's own words begin in lower case and name the thing; those of the parser need to be told where.
  const isOwn = issue.message !== said;
  return where === '' || isOwn ? `${said}.` : `${said} (${where}).`;
}
