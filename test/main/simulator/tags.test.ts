import {
  AddTagsToVaultCommand,
  DeleteVaultCommand,
  CreateVaultCommand,
  ListTagsForVaultCommand,
  RemoveTagsFromVaultCommand,
} from '@aws-sdk/client-glacier';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Practice, practice, refusal } from './practice.ts';

const accountId = '-';
const invalid = [400, 'InvalidParameterValueException', expect.anything()];
const missing = [404, 'ResourceNotFoundException', expect.anything()];

async function add({ client, vaultName }: Practice, Tags: Record<string, string>): Promise<void> {
  const answer = await client.send(new AddTagsToVaultCommand({ accountId, vaultName, Tags }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

async function remove({ client, vaultName }: Practice, TagKeys: string[]): Promise<void> {
  const answer = await client.send(new RemoveTagsFromVaultCommand({ accountId, vaultName, TagKeys }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

async function tagsOf({ client, vaultName }: Practice): Promise<Record<string, string> | undefined> {
  const answer = await client.send(new ListTagsForVaultCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  return answer.Tags;
}

/** `count` tags, numbered from `first`. */
function numbered(first: number, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${first + i}`, String(i)]));
}

describe('tags', () => {
  it('are added, overwritten, listed and removed, known or not', async () => {
    const p = await practice();
    expect(await tagsOf(p)).toEqual({});
    await add(p, { owner: 'me', Owner: 'you', empty: '' });
    await add(p, { owner: 'them' });
    expect(await tagsOf(p)).toEqual({ owner: 'them', Owner: 'you', empty: '' });
    await remove(p, ['owner', 'nothing']);
    await remove(p, ['owner']);
    expect(await tagsOf(p)).toEqual({ Owner: 'you', empty: '' });
  });

  it('go with their vault', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    await add(p, { owner: 'me' });
    await client.send(new CreateVaultCommand({ accountId, vaultName }));
    expect(await tagsOf(p)).toEqual({ owner: 'me' });
    await client.send(new DeleteVaultCommand({ accountId, vaultName }));
    await client.send(new CreateVaultCommand({ accountId, vaultName }));
    expect(await tagsOf(p)).toEqual({});
  });

  it('need a vault', async () => {
    const p = { ...(await practice()), vaultName: 'none' };
    expect(await refusal(add(p, { a: 'b' }))).toEqual(missing);
    expect(await refusal(remove(p, ['a']))).toEqual(missing);
    expect(await refusal(tagsOf(p))).toEqual(missing);
  });

  it('come and go one to ten at a time', async () => {
    const p = await practice();
    expect(await refusal(add(p, {}))).toEqual(invalid);
    expect(await refusal(add(p, numbered(0, 11)))).toEqual(invalid);
    expect(await refusal(remove(p, []))).toEqual(invalid);
    expect(await refusal(remove(p, Object.keys(numbered(0, 11))))).toEqual(invalid);
    await add(p, numbered(0, 10));
    await remove(p, Object.keys(numbered(0, 10)));
    expect(await tagsOf(p)).toEqual({});
  });

  it('are at most fifty', async () => {
    const p = await practice();
    for (let first = 0; first < 50; first += 10) await add(p, numbered(first, 10));
    expect(await refusal(add(p, { one: 'more' }))).toEqual([
      400,
      'LimitExceededException',
      'A vault has at most 50 tags.',
    ]);
    await add(p, { k7: 'again' });
    expect(await tagsOf(p)).toMatchObject({ k7: 'again', k49: '9' });
  });

  it.each([
    ['', 'v'],
    ['x'.repeat(129), 'v'],
    ['k', 'x'.repeat(256)],
    ['k', 'a;b'],
    ['k#', 'v'],
    ['aws:mine', 'v'],
    ['k', 'line\nline'],
  ])('refuse %j=%j', async (key, value) => {
    expect(await refusal(add(await practice(), { [key]: value }))).toEqual(invalid);
  });

  it('of letters of any script come back as they were', async () => {
    const p = await practice();
    const character = fc.constantFrom(...Array.from('aZ09 _./=+-@'), 'é', 'ж', '金', '𝒳', 'á', 'हि', '٣');
    const tag = (least: number, most: number): fc.Arbitrary<string> =>
      fc.array(character, { minLength: least, maxLength: most }).map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(tag(1, 60), tag(0, 120), async (key, value) => {
        await add(p, { [key]: value });
        expect(await tagsOf(p)).toEqual({ [key]: value });
        await remove(p, [key]);
      }),
      { numRuns: 50 },
    );
    await add(p, { ['𝒳'.repeat(128)]: '金'.repeat(255) });
  });
});
