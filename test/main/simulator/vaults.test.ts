import {
  CreateVaultCommand,
  DeleteArchiveCommand,
  DeleteVaultCommand,
  DescribeVaultCommand,
  ListVaultsCommand,
  paginateListVaults,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { DAY, pattern, practice, refusal, upload } from './practice.ts';

const accountId = '-';

describe('a vault', () => {
  it('is created with its path under the numeric account, and again without harm', async () => {
    const { client, simulator } = await practice();
    const create = new CreateVaultCommand({ accountId, vaultName: 'photos' });
    const first = await client.send(create);
    expect(first.$metadata.httpStatusCode).toBe(201);
    expect(first.location).toBe(`/${simulator.accountId}/vaults/photos`);
    const before = await client.send(new DescribeVaultCommand({ accountId, vaultName: 'photos' }));
    simulator.advance(DAY);
    expect((await client.send(create)).location).toBe(first.location);
    const after = await client.send(new DescribeVaultCommand({ accountId, vaultName: 'photos' }));
    expect(after.CreationDate).toBe(before.CreationDate);
  });

  it('shows no inventory and zero counts while it is fresh', async () => {
    const { client, simulator } = await practice();
    await client.send(new CreateVaultCommand({ accountId: simulator.accountId, vaultName: 'fresh' }));
    const { $metadata, ...vault } = await client.send(
      new DescribeVaultCommand({ accountId, vaultName: 'fresh' }),
    );
    expect($metadata.httpStatusCode).toBe(200);
    expect(vault).toMatchObject({
      VaultARN: `arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/fresh`,
      VaultName: 'fresh',
      NumberOfArchives: 0,
      SizeInBytes: 0,
    });
    expect(vault.LastInventoryDate).toBeUndefined();
    expect(vault.CreationDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('counts archives only as of the last inventory, each with 32,768 bytes on top', async () => {
    const p = await practice();
    const describeVault = new DescribeVaultCommand({ accountId, vaultName: p.vaultName });
    const archiveId = await upload(p, pattern(3_145_728));
    expect(await p.client.send(describeVault)).toMatchObject({ NumberOfArchives: 0, SizeInBytes: 0 });
    p.simulator.advance(DAY);
    expect(await p.client.send(describeVault)).toMatchObject({ NumberOfArchives: 1, SizeInBytes: 3_178_496 });
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId }));
    expect(await p.client.send(describeVault)).toMatchObject({ NumberOfArchives: 1, SizeInBytes: 3_178_496 });
    p.simulator.advance(DAY);
    expect(await p.client.send(describeVault)).toMatchObject({ NumberOfArchives: 0, SizeInBytes: 0 });
  });

  it('keeps the date of its inventory while nothing changes', async () => {
    const p = await practice();
    const describeVault = new DescribeVaultCommand({ accountId, vaultName: p.vaultName });
    await upload(p, pattern(10));
    p.simulator.advance(DAY);
    const first = await p.client.send(describeVault);
    p.simulator.advance(5 * DAY);
    expect(await p.client.send(describeVault)).toMatchObject({ LastInventoryDate: first.LastInventoryDate });
  });

  it('that is missing is told by its ARN', async () => {
    const { client, simulator } = await practice();
    expect(await refusal(client.send(new DescribeVaultCommand({ accountId, vaultName: 'none' })))).toEqual([
      404,
      'ResourceNotFoundException',
      `Vault not found for ARN: arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/none`,
    ]);
  });

  it('of another account is denied', async () => {
    const { client, vaultName } = await practice({ accountId: '111122223333' });
    const foreign = new DescribeVaultCommand({ accountId: '444455556666', vaultName });
    expect(await refusal(client.send(foreign))).toMatchObject([
      403,
      'AccessDeniedException',
      expect.anything(),
    ]);
  });

  it('needs a name of letters, digits, underscore, hyphen and dot', async () => {
    const { client } = await practice();
    const create = (vaultName: string): Promise<unknown> =>
      client.send(new CreateVaultCommand({ accountId, vaultName }));
    await create('A-z_0.9');
    await create('x'.repeat(255));
    expect(await refusal(create('x'.repeat(256)))).toMatchObject([
      400,
      'InvalidParameterValueException',
      expect.anything(),
    ]);
    expect(await refusal(create('a b'))).toMatchObject([
      400,
      'InvalidParameterValueException',
      expect.anything(),
    ]);
  });

  it('is one of at most a thousand', async () => {
    const { client } = await practice();
    const names = Array.from({ length: 999 }, (_, i) => `v${i + 1}`);
    await Promise.all(
      names.map((vaultName) => client.send(new CreateVaultCommand({ accountId, vaultName }))),
    );
    expect(
      await refusal(client.send(new CreateVaultCommand({ accountId, vaultName: 'v1000' }))),
    ).toMatchObject([400, 'LimitExceededException', expect.anything()]);
    await client.send(new CreateVaultCommand({ accountId, vaultName: 'v1' }));
  });
});

describe('deleting a vault', () => {
  const remove = (vaultName: string): DeleteVaultCommand => new DeleteVaultCommand({ accountId, vaultName });

  it('works at once if it was never written to, and again when it is gone', async () => {
    const { client, vaultName } = await practice();
    expect((await client.send(remove(vaultName))).$metadata.httpStatusCode).toBe(204);
    expect((await client.send(remove(vaultName))).$metadata.httpStatusCode).toBe(204);
  });

  it('waits for an inventory that shows it empty', async () => {
    const p = await practice();
    const archiveId = await upload(p, pattern(10));
    const told = [
      400,
      'InvalidParameterValueException',
      `Vault not empty or recently written to: arn:aws:glacier:us-east-1:${p.simulator.accountId}:vaults/${p.vaultName}`,
    ];
    expect(await refusal(p.client.send(remove(p.vaultName)))).toEqual(told);
    p.simulator.advance(DAY);
    expect(await refusal(p.client.send(remove(p.vaultName)))).toEqual(told);
    await p.client.send(new DeleteArchiveCommand({ accountId, vaultName: p.vaultName, archiveId }));
    expect(await refusal(p.client.send(remove(p.vaultName)))).toEqual(told);
    p.simulator.advance(DAY);
    await p.client.send(remove(p.vaultName));
    expect(
      await refusal(p.client.send(new DescribeVaultCommand({ accountId, vaultName: p.vaultName }))),
    ).toEqual([404, 'ResourceNotFoundException', expect.anything()]);
  });
});

describe('listing vaults', () => {
  it('goes in ASCII order, ten at a time, from the vault the marker names', async () => {
    const { client, simulator, vaultName } = await practice();
    await client.send(new DeleteVaultCommand({ accountId, vaultName }));
    const names = Array.from({ length: 12 }, (_, i) => `vault${String(i).padStart(2, '0')}`);
    for (const name of [...names, 'Zoo'].reverse())
      await client.send(new CreateVaultCommand({ accountId, vaultName: name }));
    const first = await client.send(new ListVaultsCommand({ accountId, limit: 1000 }));
    expect(first.VaultList?.map((vault) => vault.VaultName)).toEqual(['Zoo', ...names.slice(0, 9)]);
    expect(first.Marker).toBe(`arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/vault09`);
    const second = await client.send(new ListVaultsCommand({ accountId, marker: first.Marker }));
    expect(second.VaultList?.map((vault) => vault.VaultName)).toEqual(names.slice(9));
    expect(second.Marker).toBeUndefined();
  });

  it('pages to the end', async () => {
    const { client } = await practice();
    for (let i = 0; i < 7; i += 1)
      await client.send(new CreateVaultCommand({ accountId, vaultName: `v${i}` }));
    const seen: string[] = [];
    for await (const page of paginateListVaults({ client, pageSize: 3 }, { accountId })) {
      seen.push(...(page.VaultList ?? []).map((vault) => vault.VaultName!));
    }
    expect(seen).toHaveLength(8);
    expect(new Set(seen).size).toBe(8);
  });

  it('refuses a limit of zero and a marker that is none', async () => {
    const { client } = await practice();
    const refused = [400, 'InvalidParameterValueException', expect.anything()];
    expect(await refusal(client.send(new ListVaultsCommand({ accountId, limit: 0 })))).toEqual(refused);
    expect(await refusal(client.send(new ListVaultsCommand({ accountId, marker: 'nonsense' })))).toEqual(
      refused,
    );
  });
});
