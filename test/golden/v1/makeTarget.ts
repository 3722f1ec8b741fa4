/**
 * Made the archives in `target/`, once: key slots, two snapshots with their packs and manifests, and a catalog copy. They are
 * kept for good and never made again: what this version stored, every later version must bring back. Run it only to see how:
 * `node test/golden/v1/makeTarget.ts DIR`; it prints the recovery code.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../../src/main/engine/engine.ts';
import type { Outputs, RequestInput, RequestName } from '../../../src/shared/contract.ts';
import { goldenTargetPassphrase, layFirst, laySecond } from './goldenTree.ts';

const [out = '.'] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'golden-'));
const source = join(dir, 'golden source');
const engine = await openEngine({
  profile: join(dir, 'profile'),
  host: 'golden',
  kdfCost: { memoryKiB: 65_536, passes: 1, lanes: 1 },
});

async function ask<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Outputs[R]> {
  const reply = await engine.request(name, input);
  if (!reply.ok) throw new Error(JSON.stringify(reply.failure));
  return reply.value;
}

async function backup(): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    const off = engine.on('run:ended', () => {
      off();
      resolve();
    });
  });
  await ask('backup:start', { plan: 'golden' });
  await ended;
}

mkdirSync(source);
layFirst(source);
await ask('profile:init', { passphrase: goldenTargetPassphrase });
await ask('targets:add', {
  name: 'golden',
  settings: { kind: 'folder', path: join(dir, 'target'), create: true, packMiB: 4 },
});
await ask('plans:add', { name: 'golden', target: 'golden', sources: [source], excludes: ['*.tmp'] });
await backup();
rmSync(source, { recursive: true });
mkdirSync(source);
laySecond(source);
await backup();
process.stdout.write(`${(await ask('kit:page', {})).text}\n`);
await engine.close();
cpSync(join(dir, 'target'), join(out, 'target'), { recursive: true });
rmSync(dir, { recursive: true });
