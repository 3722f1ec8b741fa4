/** What is kept and what goes: previews, tags, letting snapshots go, and deleting what nothing needs. */
import type { Routes } from '../../../shared/contract.ts';
import type { KeptSnapshot, PruneSummary } from '../../../shared/retentionTypes.ts';
import { readSchedule } from '../../../shared/schedule.ts';
import type { Reader } from '../catalog/db.ts';
import { forgetSnapshots } from '../catalog/forgetting.ts';
import type { SnapshotId } from '../catalog/ids.ts';
import { buryUnneeded } from '../catalog/needed.ts';
import type { PlanRow } from '../catalog/plans.ts';
import { listPrunings, retireWriter } from '../catalog/prunings.ts';
import { getSnapshot, latestSnapshot, listSnapshots, setStorm, tagSnapshot } from '../catalog/snapshots.ts';
import { getTarget, listTargets, type TargetRow } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import { checkRetention, datedOf, judge, openStorm } from '../retain/applyRules.ts';
import { whenTheyGo } from '../retain/keep.ts';
import { nextOccurrence } from '../schedule/nextRun.ts';
import { localTimezone } from '../schedule/scheduler.ts';
import type { BackupRuns } from './backup.ts';
import { chooseSnapshot, type ChosenSnapshot } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { namedTarget } from './namedTarget.ts';
import { namedPlan } from './plans.ts';
import type { PruneRuns } from './pruneRuns.ts';
import { snapshotSummary } from './snapshotSummary.ts';

type RetentionRoutes = Pick<
  Routes,
  | 'retention:preview'
  | 'retention:acceptStorm'
  | 'snapshots:tag'
  | 'snapshots:forget'
  | 'prune:preview'
  | 'prune:start'
  | 'prune:history'
  | 'writers:list'
  | 'writers:retire'
>;

/** Runs to come that a preview looks ahead: three years of days, thirty of an odd rhythm. */
const RUNS_AHEAD = 1100;
const DAY_MS = 24 * 3_600_000;

export function retentionRoutes(
  context: EngineContext,
  backups: BackupRuns,
  prunes: PruneRuns,
): RetentionRoutes {
  const { catalog, events } = context;
  const targetsOf = async (name: string | undefined): Promise<readonly TargetRow[]> =>
    name === undefined ? listTargets(catalog) : [await namedTarget(catalog, name)];
  const summaries = async (targets: readonly TargetRow[]) => {
    const all: PruneSummary[] = [];
    for (const target of targets) all.push(await prunes.summary(target));
    return all;
  };
  return {
    'retention:preview': async ({ plan: name, retention }) => {
      const plan = await namedPlan(catalog, name);
      const rules = retention ?? plan.retention;
      const snapshots = await listSnapshots(catalog, plan.id);
      const storm = openStorm(snapshots);
      return {
        plan: name,
        retention: rules,
        snapshots: await outlook(catalog, plan, rules),
        storm: storm === undefined ? null : { snapshot: storm.uid, at: storm.startedAt },
      };
    },
    'retention:acceptStorm': async ({ plan: name }) => {
      const plan = await namedPlan(catalog, name);
      await catalog.transaction(async (tx) => {
        for (const { id, storm } of await listSnapshots(tx, plan.id))
          if (storm === 'open') await setStorm(tx, id, 'accepted');
      });
      events.emit('lists:changed', {});
      return null;
    },
    'snapshots:tag': async ({ snapshot: id, tags }) => {
      const { snapshot, plan } = await chooseSnapshot(catalog, id);
      await catalog.transaction((tx) => tagSnapshot(tx, snapshot.id, [...new Set(tags)]));
      events.emit('lists:changed', {});
      const row = (await getSnapshot(catalog, snapshot.id)) ?? snapshot;
      return snapshotSummary(row, plan.name, (await getTarget(catalog, plan.target))?.name ?? '');
    },
    'snapshots:forget': async ({ snapshots: ids }) => {
      const chosen: ChosenSnapshot[] = [];
      for (const id of ids) chosen.push(await chooseSnapshot(catalog, id));
      const gone = await backups.between(async () => {
        for (const { snapshot, plan } of chosen) await refuseKept(catalog, plan, snapshot.id);
        await catalog.transaction(async (tx) => {
          for (const [plan, own] of Map.groupBy(chosen, ({ plan }) => plan.id)) {
            const wanted = new Set(own.map(({ snapshot }) => snapshot.id));
            await forgetSnapshots(tx, plan, [...wanted], Date.now());
          }
        });
        for (const target of new Set(chosen.map(({ plan }) => plan.target)))
          await buryUnneeded(catalog, target, Date.now());
        return chosen;
      }, new AbortController().signal);
      events.emit('lists:changed', {});
      return gone.map(({ snapshot, plan }) => snapshotSummary(snapshot, plan.name, ''));
    },
    'prune:preview': async ({ target }) => summaries(await targetsOf(target)),
    'prune:start': async ({ target }) => {
      context.keys.newest();
      const targets = await targetsOf(target);
      for (const row of targets) {
        await prunes.applyRules(row);
        prunes.start(row);
      }
      return summaries(targets);
    },
    'prune:history': async ({ limit }) =>
      (await listPrunings(catalog, limit)).map(({ targetName, ...rest }) => {
        const { startedAt, endedAt, archives, bytes, feeUsd, failure } = rest;
        return { target: targetName, startedAt, endedAt, archives, bytes, feeUsd, failure };
      }),
    'writers:list': async ({ target }) => prunes.otherWriters(await namedTarget(catalog, target)),
    'writers:retire': async ({ target: name, tag }) => {
      const target = await namedTarget(catalog, name);
      await catalog.transaction((tx) => retireWriter(tx, target.id, tag, Date.now()));
      events.emit('lists:changed', {});
      return prunes.otherWriters(target);
    },
  };
}

async function refuseKept(db: Reader, plan: PlanRow, id: SnapshotId): Promise<void> {
  const latest = await latestSnapshot(db, plan.id);
  const judged = await judge(db, plan, localTimezone());
  const reasons = judged.find(({ snapshot }) => snapshot.id === id)?.reasons ?? [];
  const why =
    plan.writer !== null
      ? 'belongs to another installation, which decides about it'
      : latest?.id === id
        ? 'is the newest of its plan, which the next one builds on'
        : reasons.includes('tagged')
          ? 'has a tag, which keeps it'
          : reasons.includes('in-use')
            ? 'is needed by a restore of the last days'
            : null;
  if (why === null) return;
  const short = (await getSnapshot(db, id))?.uid.slice(0, 8) ?? '';
  throw new EngineError('conflict', `Snapshot ${short} ${why}.`, 'Leave it out, or change that first.', {
    safe: 'Nothing was forgotten.',
  });
}

/** The plan's snapshots under these rules: why each stays, and when it goes if runs go on as they have. */
async function outlook(db: Reader, plan: PlanRow, rules: string): Promise<readonly KeptSnapshot[]> {
  const timezone = localTimezone();
  const retention = checkRetention(rules);
  const judged = await judge(db, plan, timezone, retention);
  const snapshots = judged.map(({ snapshot }) => snapshot);
  const dated = await datedOf(db, plan.id, snapshots);
  const newest = snapshots.at(-1)?.startedAt ?? 0;
  const goes = whenTheyGo(
    dated,
    retention,
    timezone,
    runsToCome(
      plan,
      dated.map(({ at }) => at),
      newest,
    ),
  );
  return judged.map(({ snapshot: { uid, startedAt, tags }, reasons }, i) => ({
    id: uid,
    startedAt,
    tags,
    reasons,
    goesAt: goes[i] ?? null,
  }));
}

/** By the plan's schedule; one without goes on as often as it did between its last ten snapshots, once a day at most. */
function runsToCome({ schedule: text }: PlanRow, made: readonly number[], newest: number): readonly number[] {
  const schedule = readSchedule(text) ?? { kind: 'manual' as const };
  const last = made.slice(-10);
  const usual = last.length < 2 ? DAY_MS : (newest - (last[0] ?? newest)) / (last.length - 1);
  const coming: number[] = [];
  for (let at = newest; coming.length < RUNS_AHEAD;) {
    const next = nextOccurrence(schedule, at, localTimezone()) ?? at + Math.max(DAY_MS, usual);
    coming.push(next);
    at = next;
  }
  return coming;
}
