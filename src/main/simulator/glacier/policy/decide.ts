/** What a policy says of one request. */
import { holds, matchesPattern } from './conditions.ts';
import type { Policy, Statement } from './document.ts';

export interface PolicyRequest {
  /** Names the caller goes by. */
  readonly principals: readonly string[];
  /** `glacier:` and the operation. */
  readonly action: string;
  /** ARN of the vault. */
  readonly resource: string;
  /** Condition keys in lower case and all their values; a key that does not apply is not there. */
  readonly context: ReadonlyMap<string, readonly string[]>;
}

/** A Deny anywhere outweighs every Allow; a policy no statement of which applies is silent. */
export function decide(policy: Policy, request: PolicyRequest): 'allow' | 'deny' | 'silent' {
  const applying = policy.filter((statement) => applies(statement, request));
  if (applying.length === 0) return 'silent';
  return applying.some(({ effect }) => effect === 'Deny') ? 'deny' : 'allow';
}

function applies(statement: Statement, { action, context, principals, resource }: PolicyRequest): boolean {
  return (
    statement.principals.some((name) => name === '*' || principals.includes(name)) &&
    statement.actions.some((pattern) => matchesPattern(pattern.toLowerCase(), action.toLowerCase())) &&
    statement.resources.some((pattern) => matchesPattern(pattern, resource)) &&
    statement.conditions.every((condition) => holds(condition, context))
  );
}
