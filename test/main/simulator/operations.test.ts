import * as sdk from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import { pattern, practice } from './practice.ts';

/** Everything any operation asks for; each takes what is its own. */
const input = {
  accountId: '-',
  vaultName: 'none',
  archiveId: 'x',
  uploadId: 'x',
  jobId: 'x',
  lockId: 'x',
  partSize: '1048576',
  range: 'bytes 0-9/*',
  checksum: 'a'.repeat(64),
  archiveSize: '10',
  Tags: { a: 'b' },
  TagKeys: ['a'],
  Policy: { Rules: [{ Strategy: 'None' }] },
};
const streamed = ['UploadArchive', 'UploadMultipartPart'];

type Command = new (input: object) => Parameters<sdk.GlacierClient['send']>[0];
const commands = Object.entries(sdk).flatMap(([name, value]): [string, Command][] =>
  name.endsWith('Command') && name !== '$Command'
    ? [[name.replace(/Command$/, ''), value as unknown as Command]]
    : [],
);

describe('the service', () => {
  it('has 33 operations', () => {
    expect(commands).toHaveLength(33);
  });

  it.each(commands)('answers %s, and 404 where its vault is missing', async (name, Command) => {
    const { client, simulator } = await practice();
    // A body means an upload to the SDK, and only to those two.
    const all = streamed.includes(name) ? { ...input, range: 'bytes 0-9/*', body: pattern(10) } : input;
    const status = await client.send(new Command(all)).then(
      ({ $metadata }) => $metadata.httpStatusCode,
      (error: unknown) => (error as sdk.GlacierServiceException).$metadata.httpStatusCode,
    );
    expect(simulator.counts().operations[name]).toBe(name === 'CreateVault' ? 2 : 1);
    const needsVault =
      !/^(CreateVault|DeleteVault|ListVaults|.*DataRetrievalPolicy|.*ProvisionedCapacity)$/.test(name);
    if (needsVault) expect(status).toBe(404);
    else expect(status).toBeLessThan(300);
  });
});
