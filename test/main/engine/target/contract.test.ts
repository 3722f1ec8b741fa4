import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countRequests } from '../../../../src/main/engine/target/countRequests.ts';
import { openFolder } from '../../../../src/main/engine/target/folder.ts';
import { retrying } from '../../../../src/main/engine/target/retry.ts';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import { startSimulator } from '../../../../src/main/simulator/simulator.ts';
import { describeTarget, type OpenedTarget } from './contract.ts';

async function openTempFolder(): Promise<OpenedTarget> {
  const dir = await mkdtemp(join(tmpdir(), 'permafrost-folder-'));
  return {
    target: openFolder(join(dir, 'backup')),
    makeReady: () => undefined,
    close: () => rm(dir, { recursive: true }),
  };
}

async function openSimulatedVault(): Promise<OpenedTarget> {
  const dir = await mkdtemp(join(tmpdir(), 'permafrost-vault-'));
  const simulator = await startSimulator({ dir, durability: 'none' });
  const { url, region, accessKeyId, secretAccessKey } = simulator;
  return {
    target: openVault({
      vault: 'photos',
      region,
      endpoint: url,
      credentials: { accessKeyId, secretAccessKey },
    }),
    makeReady: () => simulator.advance(9 * 3600_000),
    async close() {
      await simulator.close();
      await rm(dir, { recursive: true });
    },
  };
}

describeTarget('a folder', openTempFolder);
describeTarget('a vault', openSimulatedVault);
describeTarget('a vault in its wrappers', async () => {
  const opened = await openSimulatedVault();
  return { ...opened, target: retrying(countRequests(opened.target, () => undefined)) };
});
describeTarget('a folder in its wrappers', async () => {
  const opened = await openTempFolder();
  return { ...opened, target: retrying(countRequests(opened.target, () => undefined)) };
});
