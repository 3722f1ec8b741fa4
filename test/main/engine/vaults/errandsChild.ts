/** Carries on the errands of the profile given, in a process of its own, to be killed; says when none is open. */
import { openEngine } from '../../../../src/main/engine/engine.ts';

const [profile = ''] = process.argv.slice(2);
const engine = await openEngine({ profile, host: 'errands child' });
process.send?.('started');
const open = new Set<string>();
const over = new Promise<void>((resolve) => {
  engine.on('errand:changed', ({ id, endedAt }) => {
    if (endedAt !== null) open.delete(id);
    if (open.size === 0) resolve();
  });
});
const listed = await engine.request('errands:list', {});
if (!listed.ok) throw new Error(listed.failure.message);
for (const { id, endedAt } of listed.value) if (endedAt === null) open.add(id);
if (open.size > 0) {
  await engine.request('errands:resume', {});
  await over;
}
process.send?.('over');
await engine.close();
