/** State that comes only by events and passes: progress, the link, notices. */
import type { Failure } from '../shared/failure.ts';
import type { RunProgress } from '../shared/types.ts';
import type { Link, WindowDoor } from '../shared/windowDoor.ts';
import { fractionDone } from './fraction.ts';

export interface Notice {
  readonly id: number;
  readonly failure: Failure;
}

export interface PlanProgress {
  readonly progress: RunProgress;
  /** 0 to 1 and never falling within a run; null while nobody can tell. */
  readonly fraction: number | null;
}

const MOST_NOTICES = 5;

export interface Live {
  /** Begins to listen to the engine; returns how to stop. */
  readonly listen: () => () => void;
  readonly subscribe: (changed: () => void) => () => void;
  readonly link: () => Link;
  readonly progress: (plan: string) => PlanProgress | undefined;
  readonly notices: () => readonly Notice[];
  readonly dismiss: (notice: Notice) => void;
}

export function openLive(door: WindowDoor, clock: () => number = Date.now): Live {
  const subscribers = new Set<() => void>();
  const changed = (): void => subscribers.forEach((subscriber) => subscriber());
  const runs = new Map<string, PlanProgress & { readonly firstSeenAt: number }>();
  let link: Link = 'up';
  let notices: readonly Notice[] = [];
  let noticeCount = 0;

  const seeProgress = (progress: RunProgress): void => {
    const before = runs.get(progress.plan);
    const isSame = before?.progress.run === progress.run;
    const firstSeenAt = isSame ? before.firstSeenAt : clock();
    const fraction = fractionDone(
      clock() - firstSeenAt,
      progress.secondsLeft,
      isSame ? before.fraction : null,
    );
    runs.set(progress.plan, { progress, fraction, firstSeenAt });
    changed();
  };
  const listen = (): (() => void) => {
    const ends = [
      door.on('run:progress', seeProgress),
      door.on('run:ended', ({ plan }) => {
        if (runs.delete(plan)) changed();
      }),
      door.on('engine:notice', (failure) => {
        noticeCount += 1;
        notices = [{ id: noticeCount, failure }, ...notices].slice(0, MOST_NOTICES);
        changed();
      }),
      door.onLink((next) => {
        link = next;
        // A run may end unheard while the engine cannot be reached.
        if (next !== 'up') runs.clear();
        changed();
      }),
    ];
    return () => ends.forEach((end) => end());
  };

  return {
    listen,
    subscribe: (subscriber) => {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    link: () => link,
    progress: (plan) => runs.get(plan),
    notices: () => notices,
    dismiss: (notice) => {
      notices = notices.filter(({ id }) => id !== notice.id);
      changed();
    },
  };
}
