import {
  AbortVaultLockCommand,
  CompleteVaultLockCommand,
  CreateVaultCommand,
  DeleteArchiveCommand,
  GetVaultLockCommand,
  InitiateJobCommand,
  InitiateVaultLockCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { DAY, pattern, type Practice, practice, refusal, upload } from './practice.ts';

const accountId = '-';
const denied = [403, 'AccessDeniedException', expect.anything()];
const none = [404, 'ResourceNotFoundException', expect.anything()];

/** Keeps archives for a year. */
function keepForAYear({ simulator, vaultName }: Practice): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'year',
        Principal: '*',
        Effect: 'Deny',
        Action: 'glacier:DeleteArchive',
        Resource: `arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/${vaultName}`,
        Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } },
      },
    ],
  });
}

async function begin(p: Practice, Policy = keepForAYear(p)): Promise<string> {
  const { client, vaultName } = p;
  const answer = await client.send(
    new InitiateVaultLockCommand({ accountId, vaultName, policy: { Policy } }),
  );
  expect(answer.$metadata.httpStatusCode).toBe(201);
  return answer.lockId!;
}

async function complete({ client, vaultName }: Practice, lockId: string): Promise<void> {
  const answer = await client.send(new CompleteVaultLockCommand({ accountId, vaultName, lockId }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

async function abort({ client, vaultName }: Practice): Promise<void> {
  const answer = await client.send(new AbortVaultLockCommand({ accountId, vaultName }));
  expect(answer.$metadata.httpStatusCode).toBe(204);
}

async function lockOf({ client, vaultName }: Practice): Promise<object> {
  const { $metadata, ...lock } = await client.send(new GetVaultLockCommand({ accountId, vaultName }));
  expect($metadata.httpStatusCode).toBe(200);
  return lock;
}

describe('a vault without a lock', () => {
  it('has none to show or to complete, and aborting is fine', async () => {
    const p = await practice();
    expect(await refusal(lockOf(p))).toEqual([
      404,
      'ResourceNotFoundException',
      `No vault lock policy is set for: ${p.vaultName}`,
    ]);
    expect(await refusal(complete(p, 'any'))).toEqual(none);
    await abort(p);
  });

  it('needs a policy that is one', async () => {
    const p = await practice();
    const message = 'The specified vault lock policy is invalid. Provide a valid policy.';
    const refused = [400, 'InvalidParameterValueException', message];
    expect(await refusal(begin(p, '{"Statement":[]}'))).toEqual(refused);
    expect(await refusal(begin(p, 'nonsense'))).toEqual(refused);
    expect(await refusal(lockOf(p))).toEqual(none);
  });

  it('that is missing is told', async () => {
    const p = await practice();
    expect(await refusal(begin({ ...p, vaultName: 'none' }))).toEqual(none);
  });
});

describe('a lock in progress', () => {
  it('shows its policy and when it lapses', async () => {
    const p = await practice({ speed: 0 });
    const lockId = await begin(p);
    expect(lockId).toMatch(/^[\w-]{24}$/);
    expect(await lockOf(p)).toEqual({
      Policy: keepForAYear(p),
      State: 'InProgress',
      CreationDate: new Date(p.simulator.now()).toISOString(),
      ExpirationDate: new Date(p.simulator.now() + DAY).toISOString(),
    });
  });

  it('can be tried: its policy acts already', async () => {
    const p = await practice();
    const remove = new DeleteArchiveCommand({
      accountId,
      vaultName: p.vaultName,
      archiveId: await upload(p, pattern(10)),
    });
    await begin(p);
    const arn = `arn:aws:glacier:us-east-1:${p.simulator.accountId}:vaults/${p.vaultName}`;
    expect(await refusal(p.client.send(remove))).toEqual([
      403,
      'AccessDeniedException',
      `User: arn:aws:iam::${p.simulator.accountId}:root is not authorized to perform: glacier:DeleteArchive on resource: ${arn}`,
    ]);
    await abort(p);
    await p.client.send(remove);
  });

  it('cannot be begun again', async () => {
    const p = await practice();
    await begin(p);
    expect(await refusal(begin(p))).toEqual(denied);
  });

  it('is completed by its id and no other', async () => {
    const p = await practice();
    const lockId = await begin(p);
    const wrong = [400, 'InvalidParameterValueException', 'Invalid lock ID: wrong'];
    expect(await refusal(complete(p, 'wrong'))).toEqual(wrong);
    expect(await lockOf(p)).toMatchObject({ State: 'InProgress' });
    await complete(p, lockId);
    expect(await lockOf(p)).toMatchObject({ State: 'Locked' });
  });

  it('can be aborted, and another begun', async () => {
    const p = await practice();
    const first = await begin(p);
    await abort(p);
    await abort(p);
    expect(await refusal(lockOf(p))).toEqual(none);
    const second = await begin(p);
    expect(await refusal(complete(p, first))).toEqual([
      400,
      'InvalidParameterValueException',
      expect.anything(),
    ]);
    await complete(p, second);
  });

  it('lapses after a day as if it had never been', async () => {
    const p = await practice({ speed: 0 });
    const { client, vaultName } = p;
    const archiveId = await upload(p, pattern(10));
    const lockId = await begin(p);
    p.simulator.advance(DAY - 1);
    expect(await lockOf(p)).toMatchObject({ State: 'InProgress' });
    p.simulator.advance(1);
    expect(await refusal(lockOf(p))).toEqual(none);
    expect(await refusal(complete(p, lockId))).toEqual(none);
    await client.send(new DeleteArchiveCommand({ accountId, vaultName, archiveId }));
    await begin(p);
  });
});

describe('a completed lock', () => {
  it('stays, whatever is tried', async () => {
    const p = await practice();
    const lockId = await begin(p);
    await complete(p, lockId);
    expect(await refusal(begin(p))).toEqual(denied);
    expect(await refusal(abort(p))).toEqual(denied);
    expect(await refusal(complete(p, 'other'))).toEqual(denied);
    await complete(p, lockId);
    p.simulator.advance(400 * DAY);
    const lock = await lockOf(p);
    expect(lock).toMatchObject({ State: 'Locked', Policy: keepForAYear(p) });
    expect(lock).not.toHaveProperty('ExpirationDate');
  });

  it('keeps archives until they are old enough', async () => {
    const p = await practice({ speed: 0 });
    const { client, simulator, vaultName } = p;
    const archiveId = await upload(p, pattern(10));
    await complete(p, await begin(p));
    const remove = new DeleteArchiveCommand({ accountId, vaultName, archiveId });
    simulator.advance(365 * DAY - 1);
    expect(await refusal(client.send(remove))).toEqual(denied);
    simulator.advance(1);
    await client.send(remove);
    await client.send(remove);
  });

  it('does not touch other vaults or other operations', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const jobParameters = { Type: 'archive-retrieval', ArchiveId: await upload(p, pattern(10)) };
    await complete(p, await begin(p));
    await client.send(new InitiateJobCommand({ accountId, vaultName, jobParameters }));
    await client.send(new CreateVaultCommand({ accountId, vaultName: 'other' }));
    const other = { ...p, vaultName: 'other' };
    const archiveId = await upload(other, pattern(10));
    await client.send(new DeleteArchiveCommand({ accountId, vaultName: 'other', archiveId }));
  });
});
