/**
 * Policies of vaults, as text: drafts of the usual ones, a first look at those that somebody brings, and what a lock
 * policy means in sentences. Pure. Whether a policy is valid in full only the service can tell.
 */
import { z } from 'zod';
import { EngineError } from '../failure.ts';

/** What the service takes at most. */
const MOST_BYTES = 20 * 1024;

/** What only looks into a vault: not one of these changes or deletes anything. */
const reading = [
  'glacier:DescribeVault',
  'glacier:InitiateJob',
  'glacier:DescribeJob',
  'glacier:ListJobs',
  'glacier:GetJobOutput',
];

/** Nobody may delete archives of the vault `arn` that are younger than `days`. */
export function denyDeleteUnder(days: number, arn: string): string {
  return policyOf({
    Sid: `DenyDeletingUnder${days}Days`,
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: arn,
    Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': String(days) } },
  });
}

/** Nobody may delete archives of the vault `arn`. */
export function denyDelete(arn: string): string {
  return policyOf({
    Sid: 'DenyDeleting',
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: arn,
  });
}

/** The account of 12 digits may list and read the vault `arn`. */
export function allowRead(account: string, arn: string): string {
  const partition = arn.split(':')[1] ?? 'aws';
  return policyOf({
    Sid: `AllowReadingBy${account}`,
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    Action: reading,
    Resource: arn,
  });
}

function policyOf(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2);
}

const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item)]).transform((given) => (Array.isArray(given) ? given : [given]));
const statement = z.looseObject({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore(z.string()).optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const policy = z.looseObject({ Statement: oneOrMore(statement) });

/**
 * A policy that somebody brings, without the blanks it was laid out with.
 * @throws EngineError `invalid` when it cannot be one: no JSON, no statements, too long
 */
export function checkedPolicy(document: string): string {
  const read = policy.safeParse(parsed(document));
  if (!read.success) {
    throw new EngineError(
      'invalid',
      'The policy has no statements that say Allow or Deny.',
      'It has to be a document like {"Version":"2012-10-17","Statement":[…]}.',
    );
  }
  const text = JSON.stringify(parsed(document));
  const bytes = Buffer.byteLength(text);
  if (bytes <= MOST_BYTES) return text;
  throw new EngineError(
    'invalid',
    `The policy has ${bytes} bytes; the service takes at most ${MOST_BYTES}.`,
    'Shorten it.',
  );
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('invalid', `The policy is not JSON: ${why}.`, 'Correct it, then try again.', {
      cause,
    });
  }
}

/** Whether two documents say the same: the service may lay out what it was given anew. */
export function isSamePolicy(one: string, other: string): boolean {
  return sorted(parsed(one)) === sorted(parsed(other));
}

/** JSON with the keys of every object in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What a lock with this policy means: before it is started, while it is tested, and once it is locked. */
export function lockConsequences(
  document: string,
  state: 'planned' | 'testing' | 'locked',
): readonly string[] {
  const days = deniedDays(document);
  const meaning =
    days === null
      ? 'Who may do what in this vault is decided by the policy: read it closely.'
      : `No archive younger than ${days} days can be deleted, by anybody, with any credentials; its storage is charged all the while.`;
  const ownWork =
    days === null ? [] : ['Permafrost too can delete archives of old snapshots only when they are older.'];
  switch (state) {
    case 'planned':
      return [
        meaning,
        ...ownWork,
        'The policy is put to the test for 24 hours. It acts at once, and lapses by itself unless the lock is completed.',
        'Once completed, it can never be changed or removed, by you or by AWS.',
      ];
    case 'testing':
      return [
        meaning,
        ...ownWork,
        'This is the test: the lock can still be aborted, and lapses by itself unless it is completed.',
        'Once completed, it can never be changed or removed, by you or by AWS.',
      ];
    case 'locked':
      return [
        meaning,
        ...ownWork,
        'The lock is for good. The vault can be deleted only when it has become empty.',
      ];
  }
}

/** Under how many days of age the policy keeps archives from being deleted; null where it says anything else. */
export function deniedDays(document: string): number | null {
  const read = policy.safeParse(parsed(document));
  const [only, ...more] = read.success ? read.data.Statement : [];
  if (only === undefined || more.length > 0 || only.Effect !== 'Deny') return null;
  if (only['Principal'] !== '*' || only.Action?.join() !== 'glacier:DeleteArchive') return null;
  const [condition, ...others] = Object.entries(only.Condition ?? {});
  if (condition?.[0] !== 'NumericLessThan' || others.length > 0) return null;
  const [limit, ...further] = Object.entries(condition[1]);
  if (limit?.[0] !== 'glacier:ArchiveAgeInDays' || further.length > 0) return null;
  const days = Number(limit[1]);
  return Number.isInteger(days) && days > 0 ? days : null;
}
