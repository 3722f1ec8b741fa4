/** One engine for a profile: the second is told who has it; once the first is killed, the next start has it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PASSPHRASE } from '../scene.ts';
import { inScene } from './faultScene.ts';

it('a second engine is refused in the middle of a backup, and let in at once when the first is killed', async () => {
  await inScene(async (scene) => {
    await scene.close();
    scene.fail({ operation: 'UploadMultipartPart', when: 'delay', delayMs: 600_000 });
    const script = join(import.meta.dirname, '../crash/crashChild.ts');
    const child = fork(script, [scene.profile, 'backup'], { stdio: 'inherit' });
    const exited = once(child, 'exit');
    while (scene.asked('UploadMultipartPart') === 0 && child.exitCode === null) await sleep(10);

    await expect(scene.open()).rejects.toMatchObject({
      kind: 'busy',
      message: expect.stringContaining(`process ${child.pid}`) as string,
    });

    child.kill('SIGKILL');
    await exited;
    // The request may have been counted and not yet delayed.
    scene.simulator.clearFaults();
    // No second try, no wait.
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    await scene.proveWhole();
  });
});

it('of engines that are started together on one profile, one opens it', async () => {
  await inScene(async (scene) => {
    await scene.close();
    const script = join(import.meta.dirname, '../catalog/lockChild.ts');
    const children = Array.from({ length: 4 }, () =>
      fork(script, [scene.profile], { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] }),
    );
    const fates = children.map((child) =>
      Promise.race([
        once(child.stdout ?? child, 'data').then(() => 'has it'),
        once(child, 'exit').then(() => 'refused'),
      ]),
    );
    expect((await Promise.all(fates)).sort()).toEqual(['has it', 'refused', 'refused', 'refused']);
    const holder = children.find(({ exitCode }) => exitCode === null);
    const gone = holder === undefined ? expect.fail('nobody holds it') : once(holder, 'exit');
    holder?.kill('SIGKILL');
    await gone;
    await scene.open();
    await scene.reopen();
    await scene.proveWhole();
  });
});
