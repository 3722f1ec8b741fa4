import {
  AddTagsToVaultCommand,
  DeleteArchiveCommand,
  DeleteVaultAccessPolicyCommand,
  DescribeVaultCommand,
  GetVaultAccessPolicyCommand,
  InitiateJobCommand,
  RemoveTagsFromVaultCommand,
  SetVaultAccessPolicyCommand,
  UploadArchiveCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { DAY, pattern, type Practice, practice, refusal, upload } from './practice.ts';

const accountId = '-';
const denied = [403, 'AccessDeniedException', expect.anything()];

const statement = (more: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Resource: '*', ...more }],
  });

async function set({ client, vaultName }: Practice, Policy: string): Promise<void> {
  const command = new SetVaultAccessPolicyCommand({ accountId, vaultName, policy: { Policy } });
  expect((await client.send(command)).$metadata.httpStatusCode).toBe(204);
}

async function get({ client, vaultName }: Practice): Promise<string | undefined> {
  const answer = await client.send(new GetVaultAccessPolicyCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  return answer.policy?.Policy;
}

async function remove({ client, vaultName }: Practice): Promise<void> {
  const answer = await client.send(new DeleteVaultAccessPolicyCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

describe('an access policy', () => {
  it('is kept as it was sent, replaced, and deleted more than once', async () => {
    const p = await practice();
    const missing = [404, 'ResourceNotFoundException', `No vault access policy is set for: ${p.vaultName}`];
    expect(await refusal(get(p))).toEqual(missing);
    const first = ` ${statement({ Action: 'glacier:DeleteArchive' })}\n`;
    await set(p, first);
    expect(await get(p)).toBe(first);
    const second = statement({ Effect: 'Allow', Action: 'glacier:*' });
    await set(p, second);
    expect(await get(p)).toBe(second);
    await remove(p);
    expect(await refusal(get(p))).toEqual(missing);
    await remove(p);
  });

  it('that is none is refused and changes nothing', async () => {
    const p = await practice();
    const text = statement({ Action: 'glacier:DeleteArchive' });
    await set(p, text);
    const message = 'The specified vault access policy is invalid. Provide a valid policy.';
    expect(await refusal(set(p, '{}'))).toEqual([400, 'InvalidParameterValueException', message]);
    const unknown = statement({ Action: '*', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } });
    expect(await refusal(set(p, unknown))).toEqual([
      400,
      'InvalidParameterValueException',
      `${message} The condition operator IpAddress cannot be evaluated.`,
    ]);
    expect(await refusal(set(p, ''))).toEqual([400, 'MissingParameterValueException', expect.anything()]);
    expect(await get(p)).toBe(text);
  });

  it('denies what it denies until it is gone, and nothing else', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    await set(p, statement({ Action: ['glacier:Upload*', 'glacier:Describe*'] }));
    const send = new UploadArchiveCommand({ accountId, vaultName, body: pattern(10) });
    expect(await refusal(client.send(send))).toEqual(denied);
    const show = new DescribeVaultCommand({ accountId, vaultName });
    expect(await refusal(client.send(show))).toEqual(denied);
    await get(p);
    await remove(p);
    await client.send(send);
    await client.send(show);
  });

  it('that allows only others something takes nothing from the account', async () => {
    const p = await practice();
    await set(
      p,
      statement({ Effect: 'Allow', Principal: { AWS: '444455556666' }, Action: 'glacier:InitiateJob' }),
    );
    await upload(p, pattern(10));
  });

  it('can go by a tag of the vault, as a legal hold does', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const archiveId = await upload(p, pattern(10));
    const Condition = { StringLike: { 'glacier:ResourceTag/LegalHold': ['true', ''] } };
    await set(p, statement({ Action: 'glacier:DeleteArchive', Condition }));
    const erase = new DeleteArchiveCommand({ accountId, vaultName, archiveId });
    for (const LegalHold of ['true', '']) {
      await client.send(new AddTagsToVaultCommand({ accountId, vaultName, Tags: { LegalHold } }));
      expect(await refusal(client.send(erase))).toEqual(denied);
    }
    await client.send(new RemoveTagsFromVaultCommand({ accountId, vaultName, TagKeys: ['LegalHold'] }));
    await client.send(erase);
  });

  it('by a tag is not undone by another tag that differs in case', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const archiveId = await upload(p, pattern(10));
    const Condition = { StringEquals: { 'glacier:ResourceTag/LegalHold': 'true' } };
    await set(p, statement({ Action: 'glacier:DeleteArchive', Condition }));
    const erase = new DeleteArchiveCommand({ accountId, vaultName, archiveId });
    for (const Tags of [{ LegalHold: 'true' }, { legalhold: 'no' }, { LEGALHOLD: 'never' }]) {
      await client.send(new AddTagsToVaultCommand({ accountId, vaultName, Tags }));
      expect(await refusal(client.send(erase))).toEqual(denied);
    }
    await client.send(new RemoveTagsFromVaultCommand({ accountId, vaultName, TagKeys: ['LegalHold'] }));
    await client.send(erase);
  });

  it('can go by the age of the archive a job is for', async () => {
    const p = await practice({ speed: 0 });
    const { client, vaultName } = p;
    const jobParameters = { Type: 'archive-retrieval', ArchiveId: await upload(p, pattern(10)) };
    const Condition = { NumericGreaterThanEquals: { 'glacier:ArchiveAgeInDays': '2' } };
    await set(p, statement({ Action: 'glacier:InitiateJob', Condition }));
    const order = new InitiateJobCommand({ accountId, vaultName, jobParameters });
    p.simulator.advance(2 * DAY - 1);
    await client.send(order);
    p.simulator.advance(1);
    expect(await refusal(client.send(order))).toEqual(denied);
    const inventory = { Type: 'inventory-retrieval' };
    await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters: inventory }));
  });
});
