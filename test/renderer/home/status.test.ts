import { describe, expect, it } from 'vitest';
import { statusOf } from '../../../src/renderer/home/status.ts';
import type {
  PlanSummary,
  RunState,
  RunSummary,
  SnapshotSummary,
  TargetSummary,
} from '../../../src/shared/types.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const now = new Date(2026, 10, 24, 14, 20).getTime();

const target = (name: string, kind: TargetSummary['kind']): TargetSummary => ({
  name,
  kind,
  place: '',
  packBytes: 1,
  archives: 0,
  storedBytes: 0,
  plans: [],
  createdAt: 0,
});
const targets = [target('Glacier', 'vault'), target('Practice', 'practice')];

function run(state: RunState, ago: number, problems = 0): RunSummary {
  const startedAt = now - ago;
  const counts = { files: 1, folders: 1, bytes: 1, readFiles: 1, readBytes: 1, newBytes: 1, sentBytes: 1 };
  const more = { packs: 1, parts: 1, requests: 1, gone: 0, problems, skipped: 0 };
  const failure = state === 'failed' ? { kind: 'offline' as const, message: '', advice: '' } : null;
  const endedAt = state === 'running' ? null : startedAt + 1000;
  return {
    id: 1,
    plan: '',
    state,
    startedAt,
    endedAt,
    changed: true,
    snapshot: null,
    counts: { ...counts, ...more },
    failure,
  };
}

function snapshot(ago: number): SnapshotSummary {
  const times = { startedAt: now - ago, endedAt: now - ago };
  return { id: 'ab', plan: '', target: '', ...times, files: 1, folders: 1, bytes: 1, newBytes: 1, tags: [] };
}

function plan(name: string, lastRun: RunSummary | null, more: Partial<PlanSummary> = {}): PlanSummary {
  const latestSnapshot = lastRun === null ? null : snapshot(3 * DAY);
  const fixed = {
    name,
    target: 'Glacier',
    sources: [`/home/ada/${name}`],
    excludes: [],
    createdAt: 0,
    belongsTo: null,
    snapshots: 1,
  };
  return {
    ...fixed,
    schedule: 'manual',
    retention: 'everything',
    storm: null,
    nextRunAt: null,
    isWaiting: false,
    lastRun,
    latestSnapshot,
    ...more,
  };
}

const say = (...plans: PlanSummary[]): string => statusOf(plans, targets, now).sentence;

describe('the sentence', () => {
  it('says when everything was stored, not that it is', () => {
    expect(say(plan('Photos', run('done', 12 * MINUTE)))).toBe(
      'Everything in one folder was backed up 12 minutes ago.',
    );
  });

  it('speaks of the run that is the longest ago', () => {
    const plans = [plan('Photos', run('done', 12 * MINUTE)), plan('Work', run('done', 50 * DAY))];
    expect(say(...plans)).toBe('Everything in 2 folders was backed up on 5 October or later.');
  });

  it('counts a run that found nothing new', () => {
    expect(say(plan('Photos', { ...run('done', MINUTE), changed: false }))).toContain('1 minute ago');
  });

  it.each<[string, string, PlanSummary[]]>([
    ['there is no plan', 'Nothing is backed up yet.', []],
    [
      'a plan never ran',
      'Photos has not been backed up yet.',
      [plan('Photos', null), plan('Work', run('done', MINUTE))],
    ],
    [
      'the only run was stopped',
      'Photos has not been backed up yet.',
      [plan('Photos', run('cancelled', MINUTE), { latestSnapshot: null })],
    ],
    [
      'a run failed',
      'Work could not be backed up 3 minutes ago.',
      [plan('Photos', run('done', MINUTE)), plan('Work', run('failed', 3 * MINUTE + 1000))],
    ],
    [
      'two runs failed',
      'Photos and Work could not be backed up.',
      [plan('Photos', run('failed', MINUTE)), plan('Work', run('failed', MINUTE))],
    ],
    ['a run was stopped', 'The backup of Photos was stopped.', [plan('Photos', run('cancelled', MINUTE))]],
    [
      'files were left out',
      '3 files or folders in Photos could not be backed up.',
      [plan('Photos', run('problems', MINUTE, 3)), plan('Work', run('done', MINUTE))],
    ],
  ])('when %s: %s', (_when, sentence, plans) => {
    expect(say(...plans)).toBe(sentence);
  });

  it('never calls a practice vault a backup', () => {
    const status = statusOf([plan('Photos', run('done', MINUTE), { target: 'Practice' })], targets, now);
    expect(status.sentence).toBe('Everything in one folder went to a practice vault 1 minute ago.');
    expect(status.detail).toContain('protects nothing');
  });

  it('counts no folder that only goes to a practice vault', () => {
    const plans = [
      plan('Photos', run('done', MINUTE)),
      plan('Try', run('done', MINUTE), { target: 'Practice' }),
    ];
    const status = statusOf(plans, targets, now);
    expect(status.sentence).toBe('Everything in one folder was backed up 1 minute ago.');
    expect(status.detail).toContain('Try goes to a practice vault');
  });

  it('does not hide trouble behind a run that is under way', () => {
    const plans = [plan('Photos', run('running', MINUTE)), plan('Work', run('failed', 2 * MINUTE))];
    const status = statusOf(plans, targets, now);
    expect(status.sentence).toBe('Backing up Photos.');
    expect(status.detail).toContain('Work could not be backed up');
  });

  it('says what is left where a run failed', () => {
    expect(statusOf([plan('Work', run('failed', MINUTE))], targets, now).detail).toBe(
      'Its snapshot taken on Saturday is still there.',
    );
    const never = plan('Work', run('failed', MINUTE), { latestSnapshot: null });
    expect(statusOf([never], targets, now).detail).toBe('Nothing of it is stored yet.');
  });
});
