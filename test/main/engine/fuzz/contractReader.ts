/** Requests as anybody may send them, to an engine with a folder target and a snapshot: none is ever answered with a bug. */
import { writeFileSync } from 'node:fs';
import { requestNames } from '../../../../src/shared/contract.ts';
import { Scene } from '../scene.ts';
import { mutatedJson, pick } from './mutate.ts';
import type { Reader } from './reader.ts';

/** What would close the door behind it, or make the work of the next request a question of time. */
const leftOut = new Set([
  'targets:add',
  'restore:order',
  'profile:init',
  'profile:unlock',
  'plans:remove',
  'targets:remove',
  'backup:start',
]);

export async function contractReader(): Promise<Reader> {
  const scene = new Scene();
  writeFileSync(scene.path('source', 'letter.txt'), 'Dear Zoë');
  await scene.setUp();
  const { id: run, snapshot } = await scene.backup();
  const samples: Readonly<Record<string, object>> = {
    'backup:cancel': { run },
    'runs:list': { plan: 'docs', limit: 3 },
    'runs:problems': { run, limit: 3 },
    'snapshots:list': { plan: 'docs' },
    'entries:list': { snapshot, plan: 'docs', at: { text: 'source' }, after: 'YQ==', limit: 5 },
    'entries:find': { pattern: '*letter*', plan: 'docs', limit: 5 },
    'restore:preview': { snapshot, paths: [{ text: 'source/letter.txt' }, { ref: 'YQ==' }], tier: 'bulk' },
    'orders:show': { id: 'abcd' },
    'orders:cancel': { id: 'abcd' },
    'orders:archives': { id: 'abcd' },
    'orders:folders': { id: 'abcd', at: { text: 'source' } },
    'orders:first': { id: 'abcd', paths: [{ text: 'source/letter.txt' }] },
    'orders:tier': { id: 'abcd', tier: 'bulk', accept: true },
    'plans:show': { name: 'docs' },
    'targets:show': { name: 'attic' },
  };
  const place = { target: 'attic' };
  const others = [{}, place, { name: 'docs' }, { at: place }, { at: place, vault: 'photos' }, { id: 'abcd' }];
  const names = requestNames.filter((name) => !leftOut.has(name));
  return {
    async attempt(random) {
      const name = pick(random, names);
      const input = mutatedJson(random, samples[name] ?? pick(random, others));
      const reply = await scene.engine.dispatch(name, input);
      if (!reply.ok && reply.failure.kind === 'bug')
        throw new Error(`${name} ${JSON.stringify(input)}: ${reply.failure.message}`);
      return reply.ok;
    },
    end: () => scene.remove(),
  };
}
