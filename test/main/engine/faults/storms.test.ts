/** Bad weather: the service asks to slow down, fails for a while, or tells another time. A run waits, and goes on. */
import { describe, expect, it } from 'vitest';
import { inScene } from './faultScene.ts';

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

/** Every request is answered so for half an hour of the service's time, from the `after`th on. */
function storm(now: number, status: number, code: string, after: number, retryAfterSeconds?: number) {
  const until = now + 30 * MINUTE_MS;
  return {
    ...({ operation: '*', when: 'before', message: 'Not now.' } as const),
    ...{ status, code, after, until },
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

describe('half an hour', () => {
  it.each([
    ['of throttling', 400, 'ThrottlingException'],
    ['of a service out of order', 503, 'ServiceUnavailableException'],
  ])('%s in the middle of a backup is waited for, with few requests', async (_what, status, code) => {
    await inScene(async (scene) => {
      const { time } = scene;
      scene.fail(storm(scene.simulator.now(), status, code, 3));
      const told: (string | null)[] = [];
      scene.engine.on('run:progress', ({ heldUpBy }) => told.push(heldUpBy));
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      // What it waits for is told meanwhile, and that it goes on.
      expect(told.filter((reason) => reason !== null).length).toBeGreaterThan(10);
      expect(told.at(-1)).toBeNull();
      const waited = time.waits.reduce((sum, { ms }) => sum + ms, 0);
      expect(waited).toBeGreaterThan(25 * MINUTE_MS);
      // One call at a time is under way here: eight tries within the first minute, then two or three a minute.
      expect(time.peak(MINUTE_MS)).toBeLessThanOrEqual(12);
      expect(time.waits.length).toBeLessThan(110);
      await scene.proveWhole();
    });
  });

  it('of throttling is waited for by a restore too, never shorter than the service asks', async () => {
    await inScene(async (scene) => {
      const { time } = scene;
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      scene.fail(storm(scene.simulator.now(), 400, 'ThrottlingException', 4, 20));
      const told: (string | null)[] = [];
      scene.engine.on('order:changed', ({ heldUpBy }) => told.push(heldUpBy));
      expect(await scene.restoreTo('out')).toMatchObject({ state: 'done', failedFiles: 0 });
      expect(told.some((reason) => reason?.includes('asks to slow down') === true)).toBe(true);
      expect(told.at(-1)).toBeNull();
      expect(time.waits.length).toBeGreaterThan(30);
      expect(Math.min(...time.waits.map(({ ms }) => ms))).toBeGreaterThanOrEqual(20_000);
      expect(time.peak(MINUTE_MS)).toBeLessThanOrEqual(3);
      await scene.compare('out');
    });
  });
});

describe('bursts', () => {
  it('of errors, slow-downs and time-outs, six requests of nine, end neither a backup nor a restore', async () => {
    await inScene(async (scene) => {
      const kinds = [
        [500, 'InternalServerError'],
        [503, 'ServiceUnavailableException'],
        [408, 'RequestTimeoutException'],
        [429, 'TooManyRequestsException'],
        [400, 'ThrottlingException'],
        [502, 'BadGateway'],
      ] as const;
      for (const [i, [status, code]] of kinds.entries()) {
        // Three in a row get through: beginning an upload once more takes a look and a request.
        const which = { operation: '*', after: i, every: 9, times: 'always' } as const;
        scene.fail({ ...which, when: i % 2 === 0 ? 'before' : 'after', status, code, message: 'Not now.' });
      }
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      expect(await scene.restoreTo('in bursts')).toMatchObject({ state: 'done', failedFiles: 0 });
      expect(scene.time.waits.length).toBeGreaterThan(10);
      await scene.compare('in bursts');
      scene.simulator.clearFaults();
      await scene.proveWhole();
    });
  });
});

describe('a clock', () => {
  it('that is an hour or five years off, before or behind, is overcome by taking the service’s', async () => {
    await inScene(async (scene) => {
      // The vault’s clock is moved: between the two it is the same. It jumps while the run is on, too.
      const skews = [60 * MINUTE_MS, -60 * MINUTE_MS, 5 * YEAR_MS, -5 * YEAR_MS];
      const jump = () => scene.simulator.setMode({ transportSkewMs: skews.shift() ?? 0 });
      const { meanwhile } = scene.time;
      scene.time.meanwhile = async (ms, waits) => {
        jump();
        await meanwhile(ms, waits);
      };
      jump();
      scene.fail({ operation: 'UploadMultipartPart', when: 'drop-after', every: 2, times: 3 });
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      expect(skews).toEqual([]);
      await scene.proveWhole();
    });
  });
});
