import { CreateVaultCommand, DeleteArchiveCommand, UploadArchiveCommand } from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { MIB, pattern, practice, refusal, treeHashHex, upload } from './practice.ts';

const accountId = '-';
const invalid = 'InvalidParameterValueException';

describe('uploading an archive', () => {
  it.each([1, MIB, 3 * MIB + 5])('of %i bytes answers id, path and tree hash', async (bytes) => {
    const { client, simulator, vaultName } = await practice();
    const body = pattern(bytes);
    const answer = await client.send(new UploadArchiveCommand({ accountId, vaultName, body }));
    expect(answer.$metadata.httpStatusCode).toBe(201);
    expect(answer.archiveId).toMatch(/^[\w-]{138}$/);
    expect(answer.location).toBe(`/${simulator.accountId}/vaults/${vaultName}/archives/${answer.archiveId!}`);
    expect(answer.checksum).toBe(treeHashHex(body));
  });

  it('twice makes two archives', async () => {
    const p = await practice();
    expect(await upload(p, pattern(10))).not.toBe(await upload(p, pattern(10)));
  });

  it("refuses a tree hash that is not the body's, filling a short one with zeros", async () => {
    const { client, vaultName } = await practice();
    const body = pattern(10);
    const send = new UploadArchiveCommand({ accountId, vaultName, body, checksum: 'abc' });
    const message = `Checksum mismatch: expected ${'abc'.padStart(64, '0')}, computed ${treeHashHex(body)}`;
    expect(await refusal(client.send(send))).toEqual([400, invalid, message]);
  });

  it('refuses a missing vault', async () => {
    const { client, simulator } = await practice();
    const send = new UploadArchiveCommand({ accountId, vaultName: 'none', body: pattern(2 * MIB) });
    expect(await refusal(client.send(send))).toEqual([
      404,
      'ResourceNotFoundException',
      `Vault not found for ARN: arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/none`,
    ]);
  });

  it('refuses a description longer than 1,024 characters', async () => {
    const p = await practice();
    await upload(p, pattern(1), 'x'.repeat(1024));
    expect(await refusal(upload(p, pattern(1), 'x'.repeat(1025)))).toEqual([400, invalid, expect.anything()]);
  });

  it('refuses a description that is not ASCII as a bad signature', async () => {
    const p = await practice();
    expect(await refusal(upload(p, pattern(1), 'M\u00fcnchen'))).toEqual([
      403,
      'InvalidSignatureException',
      expect.anything(),
    ]);
  });

  it('takes sixteen at a time', async () => {
    const p = await practice();
    const ids = await Promise.all(Array.from({ length: 16 }, (_, i) => upload(p, pattern(200_000 + i))));
    expect(new Set(ids).size).toBe(16);
  });

  it('gives ids that now and then start with a hyphen', async () => {
    const p = await practice();
    const ids = await Promise.all(Array.from({ length: 200 }, () => upload(p, pattern(1))));
    expect(ids.some((id) => id.startsWith('-'))).toBe(true);
    expect(ids.some((id) => !id.startsWith('-'))).toBe(true);
  });
});

describe('deleting an archive', () => {
  it('may be repeated', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const remove = new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId });
    expect((await p.client.send(remove)).$metadata.httpStatusCode).toBe(204);
    expect((await p.client.send(remove)).$metadata.httpStatusCode).toBe(204);
  });

  it('tells an id of another vault from one that never was', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    await p.client.send(new CreateVaultCommand({ accountId, vaultName: 'other' }));
    const remove = (id: string): Promise<unknown> =>
      p.client.send(new DeleteArchiveCommand({ accountId, vaultName: 'other', archiveId: id }));
    expect(await refusal(remove(archiveId))).toEqual([
      400,
      invalid,
      `Invalid vault name: arn:aws:glacier:us-east-1:${p.simulator.accountId}:vaults/other`,
    ]);
    expect(await refusal(remove('never'))).toEqual([
      404,
      'ResourceNotFoundException',
      'The archive ID was not found: never',
    ]);
  });
});
