/** JSON bodies of requests: the object itself, without the wrapper some of the service's pages draw around it. */
import type { z } from 'zod';
import { notJson } from './errors.ts';

/**
 * Reads a body; an empty one counts as an object without fields, so that what it lacks is told.
 * @throws ServiceError 400 if it is no JSON or its fields have the wrong types; values are for the operation to judge
 */
export function readJson<T>(body: Buffer, shape: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw notJson('The request body is not JSON.');
  }
  const request = shape.safeParse(value);
  if (!request.success) throw notJson(`The request body does not have the form of ${what}.`);
  return request.data;
}
