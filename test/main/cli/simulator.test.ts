import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateVaultCommand,
  GlacierClient,
  InitiateJobCommand,
  UploadArchiveCommand,
} from '@aws-sdk/client-glacier';
import { expect, it, onTestFinished } from 'vitest';
import { permafrost, start } from './permafrost.ts';

it('permafrost simulator --notify posts the end of a job', async () => {
  const listener = createServer((_, res) => res.end());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const { port } = listener.address() as AddressInfo;
  const { child, ended, firstLine } = start(['simulator', '--notify', `http://127.0.0.1:${port}/`]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const { url, region, ...credentials } = JSON.parse(await firstLine) as {
    url: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
  };

  const client = new GlacierClient({ endpoint: url, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const vault = { accountId: '-', vaultName: 'v' };
  await client.send(new CreateVaultCommand(vault));
  const { archiveId } = await client.send(new UploadArchiveCommand({ ...vault, body: Buffer.from('x') }));
  const SNSTopic = 'arn:aws:sns:us-east-1:111122223333:jobs';
  const jobParameters = { Type: 'archive-retrieval', ArchiveId: archiveId, SNSTopic };
  await client.send(new InitiateJobCommand({ ...vault, jobParameters }));
  const posted = once(listener, 'request');
  await fetch(`${url}/-simulator/advance`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"seconds":14400}',
  });
  const [request] = (await posted) as [IncomingMessage];
  expect(request.headers['x-amz-sns-topic-arn']).toBe(SNSTopic);
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
});

it('permafrost simulator --notify takes only a URL of this computer', async () => {
  const { code, stdout, stderr } = await permafrost(['simulator', '--notify', 'http://example.com/']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('It has to be an http URL of 127.0.0.1, [::1] or localhost.');
});
