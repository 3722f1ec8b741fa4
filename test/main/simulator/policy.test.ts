import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, matchesPattern } from '../../../src/main/simulator/glacier/policy/conditions.ts';
import { decide, type PolicyRequest } from '../../../src/main/simulator/glacier/policy/decide.ts';
import { type Policy, readPolicy } from '../../../src/main/simulator/glacier/policy/document.ts';

const vault = 'arn:aws:glacier:us-east-1:111122223333:vaults/photos';
const root = 'arn:aws:iam::111122223333:root';

type Context = Record<string, string | string[]>;

const request = (context: Context = {}, operation = 'DeleteArchive'): PolicyRequest => ({
  principals: ['111122223333', root],
  action: `glacier:${operation}`,
  resource: vault,
  context: new Map(Object.entries(context).map(([key, value]) => [key, [value].flat()])),
});

const denyAll = { Effect: 'Deny', Principal: '*', Action: 'glacier:*', Resource: vault };

/** A policy of these statements, each of which only says how it differs from `denyAll`. */
function policy(...statements: readonly object[]): Policy {
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ ...denyAll, ...statement })),
  });
  const read = readPolicy(text);
  if ('reason' in read) throw new Error(`no policy: ${text}`);
  return read;
}

const decided = (statement: object, context: Context = {}, operation?: string): string =>
  decide(policy(statement), request(context, operation));

const age = (days: number | string): Record<string, string> => ({ 'glacier:archiveageindays': String(days) });
const hold = (...values: string[]): Context => ({ 'glacier:resourcetag/legalhold': values });

describe('a statement applies', () => {
  it.each<[string, object, string]>([
    ['to anybody', { Principal: '*' }, 'deny'],
    ['to any AWS caller', { Principal: { AWS: '*' } }, 'deny'],
    ['to the account', { Principal: { AWS: '111122223333' } }, 'deny'],
    ['to its root', { Principal: { AWS: ['arn:aws:iam::444455556666:root', root] } }, 'deny'],
    ['not to the caller if it is for others', { Principal: { AWS: '444455556666' } }, 'silent'],
    [
      'not to the caller if it is for a service',
      { Principal: { Service: 'glacier.amazonaws.com' } },
      'silent',
    ],
    ['to all actions', { Action: '*' }, 'deny'],
    ['to the action it names', { Action: 'glacier:DeleteArchive' }, 'deny'],
    ['to an action in any case', { Action: 'Glacier:deletearchive' }, 'deny'],
    ['to actions of a pattern', { Action: ['glacier:Get*', 'glacier:Delete*'] }, 'deny'],
    ['to actions with any one character', { Action: 'glacier:DeleteArchiv?' }, 'deny'],
    ['not to other actions', { Action: 'glacier:DeleteVault' }, 'silent'],
    ['to any resource', { Resource: '*' }, 'deny'],
    ['to vaults of a pattern', { Resource: 'arn:aws:glacier:*:111122223333:vaults/ph*' }, 'deny'],
    ['not to other vaults', { Resource: `${vault}2` }, 'silent'],
    ['not to a vault in another case', { Resource: vault.replace('photos', 'Photos') }, 'silent'],
    ['if it allows', { Effect: 'Allow' }, 'allow'],
  ])('%s', (_, statement, decision) => expect(decided(statement)).toBe(decision));

  it('if all its conditions hold', () => {
    const Condition = {
      NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' },
      StringEquals: { 'glacier:ResourceTag/LegalHold': 'true' },
    };
    expect(decided({ Condition }, { ...age(10), ...hold('true') })).toBe('deny');
    expect(decided({ Condition }, { ...age(400), ...hold('true') })).toBe('silent');
    expect(decided({ Condition }, { ...age(10), ...hold('no') })).toBe('silent');
  });
});

describe('a condition', () => {
  const ageKey = 'glacier:ArchiveAgeInDays';
  const tagKey = 'glacier:ResourceTag/LegalHold';
  const now = { 'aws:currenttime': '2026-01-01T00:00:00.000Z' };
  it.each<[string, string, unknown, Context, boolean]>([
    ['NumericLessThan', ageKey, '365', age(364), true],
    ['NumericLessThan', ageKey, 365, age(365), false],
    ['NumericLessThanEquals', ageKey, '365', age(365), true],
    ['NumericLessThanEquals', ageKey, '365', age(366), false],
    ['NumericGreaterThan', ageKey, '365', age(365), false],
    ['NumericGreaterThan', ageKey, '365', age(1000), true],
    ['NumericGreaterThanEquals', ageKey, '365', age(365), true],
    ['NumericEquals', ageKey, ['1', '2'], age(2), true],
    ['NumericEquals', ageKey, ['1', '2'], age(3), false],
    ['NumericNotEquals', ageKey, ['1', '2'], age(2), false],
    ['NumericNotEquals', ageKey, ['1', '2'], age(3), true],
    ['NumericLessThan', ageKey, '365', {}, false],
    ['NumericNotEquals', ageKey, '1', {}, true],
    ['NumericLessThanIfExists', ageKey, '365', {}, true],
    ['NumericLessThanIfExists', ageKey, '365', age(400), false],
    ['StringEquals', tagKey, 'true', hold('true'), true],
    ['StringEquals', tagKey, 'true', hold('True'), false],
    ['StringEquals', tagKey, 't*', hold('true'), false],
    ['StringEqualsIgnoreCase', tagKey, 'true', hold('True'), true],
    ['StringLike', tagKey, 't*', hold('true'), true],
    ['StringLike', tagKey, ['true', ''], hold(''), true],
    ['StringLike', tagKey, ['true', ''], {}, false],
    ['StringNotEquals', tagKey, ['a', 'b'], hold('b'), false],
    ['StringNotEquals', tagKey, ['a', 'b'], hold('c'), true],
    ['StringNotEquals', tagKey, 'a', {}, true],
    ['StringNotEqualsIgnoreCase', tagKey, 'TRUE', hold('true'), false],
    ['StringNotLike', tagKey, 't*', hold('true'), false],
    ['StringNotLike', tagKey, 't*', hold('no'), true],
    ['StringEquals', tagKey.toUpperCase(), 'true', hold('true'), true],
    // Tags that differ only in case are values of one key.
    ['StringEquals', tagKey, 'true', hold('true', 'no'), true],
    ['StringEquals', tagKey, 'true', hold('no', 'true'), true],
    ['StringEquals', tagKey, 'true', hold('no', 'never'), false],
    ['StringLikeIfExists', tagKey, 't*', hold('no', 'true'), true],
    ['StringNotEquals', tagKey, 'true', hold('true', 'no'), false],
    ['StringNotEquals', tagKey, 'true', hold('no', 'never'), true],
    ['Null', tagKey, 'true', hold('true', 'no'), false],
    ['Bool', 'aws:SecureTransport', false, { 'aws:securetransport': 'false' }, true],
    ['Bool', 'aws:SecureTransport', 'true', { 'aws:securetransport': 'false' }, false],
    ['Bool', 'aws:MultiFactorAuthPresent', 'false', {}, false],
    ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'false', {}, true],
    ['DateLessThan', 'aws:CurrentTime', '2026-01-01T00:00:01Z', now, true],
    ['DateLessThan', 'aws:CurrentTime', '2026-01-01', now, false],
    ['DateLessThanEquals', 'aws:CurrentTime', '2026-01-01', now, true],
    ['DateGreaterThan', 'aws:CurrentTime', '2025-12-31T23:59:59Z', now, true],
    ['DateGreaterThanEquals', 'aws:CurrentTime', '2026-01-01T01:00:00+01:00', now, true],
    ['DateEquals', 'aws:EpochTime', '2026-01-01T00:00:00Z', { 'aws:epochtime': '1767225600' }, true],
    ['DateNotEquals', 'aws:CurrentTime', '1767225600', now, false],
    ['Null', ageKey, 'true', {}, true],
    ['Null', ageKey, 'true', age(1), false],
    ['Null', ageKey, false, age(1), true],
  ])('%s of %s with %j and %j: %s', (operator, key, value, context, applies) => {
    const Condition = { [operator]: { [key]: value } };
    expect(decided({ Condition }, context)).toBe(applies ? 'deny' : 'silent');
  });

  it('with numbers compares as numbers do', () => {
    const signs: [string, (a: number, b: number) => boolean][] = [
      ['NumericEquals', (a, b) => a === b],
      ['NumericNotEquals', (a, b) => a !== b],
      ['NumericLessThan', (a, b) => a < b],
      ['NumericLessThanEquals', (a, b) => a <= b],
      ['NumericGreaterThan', (a, b) => a > b],
      ['NumericGreaterThanEquals', (a, b) => a >= b],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...signs), fc.nat(20), fc.nat(20), ([operator, compare], a, b) => {
        const condition = { operator, key: 'k', values: [String(b)] };
        expect(holds(condition, new Map([['k', [String(a)]]]))).toBe(compare(a, b));
      }),
    );
  });

  it('of an unknown operator never holds, so that an Allow with it allows nothing', () => {
    const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    expect(decided({ Effect: 'Allow', Condition }, { 'aws:sourceip': '10.1.1.1' })).toBe('silent');
  });
});

describe('a pattern', () => {
  it('matches what a regular expression of the same meaning matches', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
    const subject = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(letters, subject, (pattern, actual) => {
        const meaning = pattern.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*');
        expect(matchesPattern(pattern, actual)).toBe(new RegExp(`^${meaning}$`, 's').test(actual));
      }),
      { numRuns: 2000 },
    );
  });

  it('of many stars is decided at once', () => {
    expect(matchesPattern('a*'.repeat(2000) + 'b', 'a'.repeat(20_000))).toBe(false);
  });
});

describe('a policy', () => {
  const statement = fc.record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Principal: fc.constantFrom('*', { AWS: '111122223333' }, { AWS: '444455556666' }),
    Action: fc.constantFrom('*', 'glacier:Delete*', 'glacier:InitiateJob', [
      'glacier:DeleteArchive',
      'glacier:Get*',
    ]),
    Resource: fc.constantFrom('*', vault, `${vault}-2`),
    Condition: fc.constantFrom(
      {},
      { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } },
      { StringNotEquals: { 'glacier:ResourceTag/LegalHold': 'false' } },
    ),
  });
  const asked = fc
    .record({
      days: fc.constantFrom(0, 364, 365),
      tag: fc.constantFrom('true', 'false'),
      delete: fc.boolean(),
    })
    .map((it) => request({ ...age(it.days), ...hold(it.tag) }, it.delete ? 'DeleteArchive' : 'InitiateJob'));
  const statements = fc.array(statement, { minLength: 1, maxLength: 6 });

  it('decides by its statements in any order: deny if one denies, else allow if one allows', () => {
    fc.assert(
      fc.property(statements, asked, (several, question) => {
        const each = several.map((one) => decide(policy(one), question));
        const expected = each.includes('deny') ? 'deny' : each.includes('allow') ? 'allow' : 'silent';
        expect(decide(policy(...several), question)).toBe(expected);
        expect(decide(policy(...several.toReversed()), question)).toBe(expected);
      }),
    );
  });

  it('may have one statement without a list around it', () => {
    expect(readPolicy(JSON.stringify({ Statement: denyAll }))).toEqual(policy({}));
  });

  const invalid = (text: string): void => expect(readPolicy(text)).toEqual({ reason: null });
  const one = (change: object): string => JSON.stringify({ Statement: [{ ...denyAll, ...change }] });

  it.each<[string, string]>([
    ['is not JSON', '{'],
    ['is no object', '[]'],
    ['has no statements', '{"Statement":[]}'],
    ['has an unknown version', JSON.stringify({ Version: '2020-01-01', Statement: [denyAll] })],
    ['has a field nobody knows', JSON.stringify({ Statements: [], Statement: [denyAll] })],
    ['has an effect that is none', one({ Effect: 'Forbid' })],
    ['names no principal', one({ Principal: undefined })],
    ['names a principal without a kind', one({ Principal: 'me' })],
    ['names no action', one({ Action: [] })],
    ['names an action of another service', one({ Action: 's3:DeleteObject' })],
    ['names no resource', one({ Resource: undefined })],
    [
      'denies all but something, which is not evaluated',
      one({ Action: undefined, NotAction: 'glacier:Get*' }),
    ],
    ['compares with a number that is none', one({ Condition: { NumericLessThan: { k: 'a year' } } })],
    ['compares with a date that is none', one({ Condition: { DateLessThan: { k: 'tomorrow' } } })],
    ['asks for a truth that is none', one({ Condition: { Bool: { k: 'maybe' } } })],
    ['compares with nothing', one({ Condition: { StringEquals: { k: [] } } })],
  ])('that %s is none', (_, text) => invalid(text));

  it.each<[object, string]>([
    [{ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, 'The condition operator IpAddress'],
    [
      { Condition: { 'ForAnyValue:StringLike': { 'glacier:ResourceTag/a': 'b' } } },
      'The condition operator ForAnyValue:StringLike',
    ],
    [{ Condition: { StringEquals: { 'aws:UserAgent': 'x' } } }, 'The condition key aws:useragent'],
    [{ Condition: { StringEquals: { 'glacier:ResourceTag/a': '${aws:username}' } } }, 'Policy variables'],
    [{ Resource: `${vault}-\${aws:username}` }, 'Policy variables'],
  ])('that denies by what nobody here can evaluate is refused, and told which: %j', (change, what) => {
    expect(readPolicy(one(change))).toEqual({ reason: `${what} cannot be evaluated.` });
    expect(readPolicy(one({ ...change, Effect: 'Allow' }))).not.toHaveProperty('reason');
  });

  it('has at most 20 KB', () => {
    const long = (bytes: number): string =>
      one({ Sid: '' }).replace('"Sid":""', `"Sid":"${'x'.repeat(bytes)}"`);
    const overhead = long(0).length;
    expect(readPolicy(long(20 * 1024 - overhead))).not.toHaveProperty('reason');
    expect(readPolicy(long(20 * 1024 - overhead + 1))).toHaveProperty('reason');
  });
});
