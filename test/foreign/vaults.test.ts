import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clientOf, MIB, pattern, upload } from '../main/simulator/practice.ts';
import { countsOf, openAwscli, openGround, runBoto3 } from './clients.ts';

/** All there are. */
const operations = [
  'AbortMultipartUpload',
  'AbortVaultLock',
  'AddTagsToVault',
  'CompleteMultipartUpload',
  'CompleteVaultLock',
  'CreateVault',
  'DeleteArchive',
  'DeleteVault',
  'DeleteVaultAccessPolicy',
  'DeleteVaultNotifications',
  'DescribeJob',
  'DescribeVault',
  'GetDataRetrievalPolicy',
  'GetJobOutput',
  'GetVaultAccessPolicy',
  'GetVaultLock',
  'GetVaultNotifications',
  'InitiateJob',
  'InitiateMultipartUpload',
  'InitiateVaultLock',
  'ListJobs',
  'ListMultipartUploads',
  'ListParts',
  'ListProvisionedCapacity',
  'ListTagsForVault',
  'ListVaults',
  'PurchaseProvisionedCapacity',
  'RemoveTagsFromVault',
  'SetDataRetrievalPolicy',
  'SetVaultAccessPolicy',
  'SetVaultNotifications',
  'UploadArchive',
  'UploadMultipartPart',
] as const;

const ground = await openGround();
afterAll(() => ground.close());
const { simulator, folder } = ground;
const boto3 = await runBoto3(ground, 'vaults.py');
const aws = openAwscli(ground);
const account = ['--account-id', '-'];
const of = (vault: string): string[] => [...account, '--vault-name', vault];

/** A file of this content. */
async function fileOf(name: string, content: Buffer | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('boto3', () => {
  it.each(boto3.outcomes)('$fact', ({ failure }) => expect(failure).toBeNull());
});

describe('awscli', () => {
  it('makes a vault, waits for it, describes and deletes it', async () => {
    const location = `/${simulator.accountId}/vaults/short-lived`;
    expect(await aws.does('glacier', 'create-vault', ...of('short-lived'))).toEqual({ location });
    await aws.does('glacier', 'wait', 'vault-exists', ...of('short-lived'));
    expect(await aws.does('glacier', 'describe-vault', ...of('short-lived'))).toMatchObject({
      VaultName: 'short-lived',
      NumberOfArchives: 0,
    });
    await aws.does('glacier', 'delete-vault', ...of('short-lived'));
    expect(await aws.fails('glacier', 'describe-vault', ...of('short-lived'))).toContain(
      `An error occurred (ResourceNotFoundException) when calling the DescribeVault operation: Vault not found for ARN: arn:aws:glacier:us-east-1:${simulator.accountId}:vaults/short-lived`,
    );
  });

  it('reads all pages of vaults, and goes on where it stopped', async () => {
    const all = (await aws.does('glacier', 'list-vaults', ...account)) as { VaultList: object[] };
    expect(all.VaultList.length).toBeGreaterThan(20);
    const some = ['glacier', 'list-vaults', ...account, '--max-items', '13'] as const;
    const first = (await aws.does(...some)) as { VaultList: object[]; NextToken: string };
    const rest = (await aws.does(
      'glacier',
      'list-vaults',
      ...account,
      '--starting-token',
      first.NextToken,
    )) as { VaultList: object[] };
    expect(first.VaultList).toHaveLength(13);
    expect([...first.VaultList, ...rest.VaultList]).toEqual(all.VaultList);
  });

  it('stores an archive in parts and gets a range of it back, with tree hashes of its own', async () => {
    const data = pattern(3.5 * MIB);
    const treeHash = '390f48176c50ae5a31f92724791e509d8f66d26ba3305714d153f6d01be83289';
    await aws.does('glacier', 'create-vault', ...of('parts'));
    const begun = await aws.does(
      'glacier',
      'initiate-multipart-upload',
      ...of('parts'),
      '--part-size',
      String(2 * MIB),
      '--archive-description',
      'made of parts',
    );
    const upload = ['--upload-id', (begun as { uploadId: string }).uploadId].join('=');
    for (const first of [0, 2 * MIB]) {
      const piece = data.subarray(first, first + 2 * MIB);
      await aws.does(
        'glacier',
        'upload-multipart-part',
        ...of('parts'),
        upload,
        '--range',
        `bytes ${first}-${first + piece.length - 1}/*`,
        '--body',
        await fileOf('part', piece),
      );
    }
    expect(await aws.does('glacier', 'list-parts', ...of('parts'), upload)).toMatchObject({
      Parts: [
        {
          RangeInBytes: '0-2097151',
          SHA256TreeHash: 'bf4dff263ae686b64403208c35a3767e38453d6477e841947588d13d04e1d816',
        },
        { RangeInBytes: '2097152-3670015' },
      ],
    });
    const finish = ['complete-multipart-upload', ...of('parts'), upload] as const;
    const size = ['--archive-size', String(data.length)];
    expect(await aws.fails('glacier', ...finish, ...size, '--checksum', 'a'.repeat(64))).toContain(
      '(InvalidParameterValueException)',
    );
    const stored = await aws.does('glacier', ...finish, ...size, '--checksum', treeHash);
    expect(stored).toMatchObject({ checksum: treeHash });
    const { archiveId } = stored as { archiveId: string };

    const asked = { Type: 'archive-retrieval', ArchiveId: archiveId, Tier: 'Bulk', Description: 'all of it' };
    const ordered = await aws.does(
      'glacier',
      'initiate-job',
      ...of('parts'),
      '--job-parameters',
      JSON.stringify(asked),
    );
    const job = `--job-id=${(ordered as { jobId: string }).jobId}`;
    simulator.advance(8 * 3600 * 1000);
    expect(await aws.does('glacier', 'describe-job', ...of('parts'), job)).toMatchObject({
      Completed: true,
      StatusCode: 'Succeeded',
      SHA256TreeHash: treeHash,
      JobDescription: 'all of it',
    });
    const output = join(folder, 'output');
    const range = ['--range', `bytes=${MIB}-${2 * MIB - 1}`];
    expect(await aws.does('glacier', 'get-job-output', ...of('parts'), job, ...range, output)).toMatchObject({
      status: 206,
      contentRange: `bytes ${MIB}-${2 * MIB - 1}/${data.length}`,
      checksum: '729b9155f00261a681000ccd0ff20e750ed3d525b5b1e6fc961837a3bb666fd6',
      archiveDescription: 'made of parts',
    });
    expect(data.subarray(MIB, 2 * MIB).equals(await readFile(output))).toBe(true);
  });

  it('stores an archive, and deletes one whose id starts with a hyphen', async () => {
    await aws.does('glacier', 'create-vault', ...of('hyphens'));
    const body = ['--body', await fileOf('whole', pattern(3.5 * MIB))];
    expect(await aws.does('glacier', 'upload-archive', ...of('hyphens'), ...body)).toMatchObject({
      checksum: '390f48176c50ae5a31f92724791e509d8f66d26ba3305714d153f6d01be83289',
    });
    const archive = { client: clientOf(simulator), dir: folder, simulator, vaultName: 'hyphens' };
    let id = '';
    while (!id.startsWith('-')) id = await upload(archive, pattern(10));
    await aws.does('glacier', 'delete-archive', ...of('hyphens'), `--archive-id=${id}`);
  });
});

describe('the service', () => {
  it.each(operations)('was asked for %s, and granted it', async (operation) => {
    const granted = (boto3.calls[operation] ?? 0) + (aws.calls()[operation] ?? 0);
    expect(granted).toBeGreaterThan(0);
    expect((await countsOf(ground))[operation]).toBeGreaterThanOrEqual(granted);
  });

  it('was asked for nothing else', async () => {
    expect(operations).toHaveLength(33);
    expect(Object.keys(await countsOf(ground)).sort()).toEqual(operations);
  });
});
