import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allowRead,
  checkedPolicy,
  deniedDays,
  denyDelete,
  denyDeleteUnder,
  isSamePolicy,
  lockConsequences,
} from '../../../../src/main/engine/vaults/policyDraft.ts';

const arn = 'arn:aws:glacier:us-west-2:012345678901:vaults/photos';
const days = fc.integer({ min: 1, max: 36_500 });

describe('a policy draft', () => {
  it('denies deleting what is younger than so many days', () => {
    expect(JSON.parse(denyDeleteUnder(365, arn))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'DenyDeletingUnder365Days',
          Effect: 'Deny',
          Principal: '*',
          Action: 'glacier:DeleteArchive',
          Resource: arn,
          Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } },
        },
      ],
    });
  });

  it('is read back as what it was made for', () => {
    fc.assert(fc.property(days, (count) => deniedDays(denyDeleteUnder(count, arn)) === count));
  });

  it('passes the look at what people bring, and says the same in another layout', () => {
    fc.assert(
      fc.property(days, (count) => {
        const draft = denyDeleteUnder(count, arn);
        const bare = checkedPolicy(draft);
        expect(bare).not.toMatch(/\n/);
        expect(isSamePolicy(draft, bare)).toBe(true);
        expect(isSamePolicy(draft, denyDeleteUnder(count + 1, arn))).toBe(false);
      }),
    );
  });

  it('names the account in the partition of the vault', () => {
    expect(allowRead('210987654321', arn.replace('aws', 'aws-cn'))).toContain(
      'arn:aws-cn:iam::210987654321:root',
    );
    expect(allowRead('210987654321', arn)).not.toMatch(/Delete|Upload|Set|Lock/);
  });
});

describe('what a policy means', () => {
  it('is told in days only for the one statement that is understood', () => {
    const understood = JSON.parse(denyDeleteUnder(30, arn)) as { Statement: Record<string, unknown>[] };
    const [statement] = understood.Statement;
    const varied = (change: object) => JSON.stringify({ Statement: [{ ...statement, ...change }] });
    expect(deniedDays(varied({}))).toBe(30);
    expect(deniedDays(varied({ Action: ['glacier:DeleteArchive'] }))).toBe(30);
    expect(deniedDays(varied({ Effect: 'Allow' }))).toBeNull();
    expect(deniedDays(varied({ Principal: { AWS: '210987654321' } }))).toBeNull();
    expect(deniedDays(varied({ Action: ['glacier:DeleteArchive', 'glacier:DeleteVault'] }))).toBeNull();
    expect(deniedDays(varied({ Condition: {} }))).toBeNull();
    expect(
      deniedDays(varied({ Condition: { NumericGreaterThan: { 'glacier:ArchiveAgeInDays': '30' } } })),
    ).toBeNull();
    expect(deniedDays(JSON.stringify({ Statement: [statement, statement] }))).toBeNull();
    expect(deniedDays(denyDelete(arn))).toBeNull();
    expect(deniedDays('{}')).toBeNull();
  });

  it('is told for the three moments of a lock', () => {
    const policy = denyDeleteUnder(30, arn);
    expect(lockConsequences(policy, 'planned').join(' ')).toMatch(/30 days.*24 hours/);
    expect(lockConsequences(policy, 'testing').join(' ')).toMatch(/can still be aborted/);
    expect(lockConsequences(policy, 'locked').join(' ')).toMatch(/for good/);
    expect(lockConsequences(denyDelete(arn), 'planned')[0]).toMatch(/read it closely/);
  });
});

describe('a policy that somebody brings', () => {
  it.each([
    ['', /not JSON/],
    ['{"Statement":', /not JSON/],
    ['null', /no statements/],
    ['[]', /no statements/],
    ['{"Statement":"Allow"}', /no statements/],
    ['{"Statement":[{"Effect":"Maybe"}]}', /no statements/],
    [JSON.stringify({ Statement: [{ Effect: 'Deny', Action: 'x'.repeat(20_500) }] }), /at most 20480/],
  ])('%# is refused with a reason', (document, reason) => {
    expect(() => checkedPolicy(document)).toThrow(reason);
  });

  it('may have one statement that is no list', () => {
    expect(checkedPolicy('{ "Statement": { "Effect": "Deny" } }')).toBe('{"Statement":{"Effect":"Deny"}}');
  });
});
