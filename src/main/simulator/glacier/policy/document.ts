/**
 * Access and lock policies: JSON documents of statements, as identity and access management has them.
 *
 * What is not evaluated here (NotAction, NotPrincipal, NotResource, variables, operators and keys not in
 * conditions.ts) is refused when the policy is set, where it could otherwise deny less than it says: a lock that is
 * not what it was tested to be is worse than none.
 */
import { z } from 'zod';
import { type Condition, hasValidValues, isKnownKey, isKnownOperator } from './conditions.ts';

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Account ids and ARNs; * for anybody. Services and federated users are left out. */
  readonly principals: readonly string[];
  /** With wildcards. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly Condition[];
}

export type Policy = readonly Statement[];

/** Why a document is no policy; a null reason where any reader would refuse it. */
export interface PolicyProblem {
  readonly reason: string | null;
}

const MOST_BYTES = 20 * 1024;

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]).transform((given) => [given].flat());
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const scalars = z.union([scalar, z.array(scalar)]).transform((given) => [given].flat());
const statementShape = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([
    z.literal('*').transform((anybody) => ({ AWS: [anybody] })),
    z.strictObject({
      AWS: oneOrMore.optional(),
      Service: oneOrMore.optional(),
      Federated: oneOrMore.optional(),
      CanonicalUser: oneOrMore.optional(),
    }),
  ]),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z.record(z.string(), z.record(z.string(), scalars)).optional(),
});
const documentShape = z.strictObject({
  Version: z.enum(['2008-10-17', '2012-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([statementShape.transform((only) => [only]), z.array(statementShape).min(1)]),
});

/** Reads a policy as a client sends it, or says why it is none. */
export function readPolicy(text: string): Policy | PolicyProblem {
  if (Buffer.byteLength(text) > MOST_BYTES) return { reason: `It is longer than ${MOST_BYTES} bytes.` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: null };
  }
  const document = documentShape.safeParse(value);
  if (!document.success) return { reason: null };
  const policy = document.data.Statement.map(asStatement);
  for (const statement of policy) {
    const problem = problemOf(statement);
    if (problem !== null) return problem;
  }
  return policy;
}

function asStatement(given: z.infer<typeof statementShape>): Statement {
  const conditions = Object.entries(given.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key: key.toLowerCase(), values })),
  );
  return {
    effect: given.Effect,
    principals: given.Principal.AWS ?? [],
    actions: given.Action,
    resources: given.Resource,
    conditions,
  };
}

function problemOf({ actions, conditions, effect, resources }: Statement): PolicyProblem | null {
  if (!actions.every((action) => /^(\*|glacier:[\w*?]+)$/i.test(action))) return { reason: null };
  for (const condition of conditions) {
    if (isKnownOperator(condition.operator) && !hasValidValues(condition)) return { reason: null };
  }
  // An Allow that never applies harms nobody: the account may do everything anyway.
  return effect === 'Deny' ? blindSpot(conditions, resources) : null;
}

/** What of a Deny could not be told here whether it applies. */
function blindSpot(conditions: readonly Condition[], resources: readonly string[]): PolicyProblem | null {
  for (const { key, operator } of conditions) {
    if (!isKnownOperator(operator))
      return { reason: `The condition operator ${operator} cannot be evaluated.` };
    if (!isKnownKey(key)) return { reason: `The condition key ${key} cannot be evaluated.` };
  }
  const texts = [...resources, ...conditions.flatMap(({ values }) => values)];
  if (texts.some((text) => text.includes('${'))) return { reason: 'Policy variables cannot be evaluated.' };
  return null;
}
