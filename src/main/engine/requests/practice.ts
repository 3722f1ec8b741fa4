import type { Routes } from '../../../shared/contract.ts';
import { EngineError } from '../failure.ts';
import type { EngineContext } from './context.ts';
import { namedTarget } from './namedTarget.ts';

/** Lets virtual time pass at the practice vault with this uid; resolves to its new time, epoch ms. */
export type AdvancePractice = (uid: string, speed: number, ms: number) => Promise<number>;

export function practiceRoutes(
  { catalog }: EngineContext,
  advance: AdvancePractice,
): Pick<Routes, 'practice:advance'> {
  return {
    'practice:advance': async ({ target, hours }) => {
      const { uid, settings } = await namedTarget(catalog, target);
      if (settings.kind !== 'practice') {
        throw new EngineError(
          'invalid',
          `${target} is not a practice vault.`,
          'Wait: at a real target, time passes by itself.',
        );
      }
      return { now: await advance(uid, settings.speed, hours * 3_600_000) };
    },
  };
}
