import { randomBytes } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { Routes } from '../../../shared/contract.ts';
import type { PlanSummary } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import {
  addPlan,
  changePlan,
  findPlan,
  listPlans,
  redefinePlan,
  refuseBusy,
  removePlan,
  takePlan,
  type PlanRow,
} from '../catalog/plans.ts';
import { removeWithSnapshots } from '../catalog/forgetting.ts';
import { pinPacksOf } from '../catalog/needed.ts';
import { lastRun } from '../catalog/runs.ts';
import { listSnapshots } from '../catalog/snapshots.ts';
import { getTarget } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import { writeRetention } from '../../../shared/retention.ts';
import { checkRetention, openStorm } from '../retain/applyRules.ts';
import { previewRules } from '../scan/previewRules.ts';
import { findRoot } from '../scan/root.ts';
import { checkSchedule } from '../schedule/nextRun.ts';
import { nextRunOf } from '../schedule/scheduler.ts';
import { parseRules } from '../scan/rules.ts';
import { isInside } from '../snapshotPath.ts';
import type { EngineContext } from './context.ts';
import { assertApart } from './places.ts';
import { runSummary } from './runSummary.ts';
import { snapshotSummary } from './snapshotSummary.ts';
import { namedTarget } from './namedTarget.ts';
import { refuseClosing } from './vaultUse.ts';

type PlanRoutes = Pick<
  Routes,
  | 'plans:list'
  | 'plans:show'
  | 'plans:add'
  | 'plans:edit'
  | 'plans:takeOver'
  | 'plans:remove'
  | 'rules:preview'
>;

/** Somebody waits: what was looked at by then is shown. */
const PREVIEW_MS = 8000;

/** @param isWaiting whether a plan of that name waits for its turn to run */
export function planRoutes(
  { catalog, events, profile }: EngineContext,
  isWaiting: (name: string) => boolean,
): PlanRoutes {
  const summary = async (plan: PlanRow): Promise<PlanSummary> => ({
    ...(await storedSummary(catalog, plan)),
    isWaiting: isWaiting(plan.name),
  });
  return {
    'plans:list': async () => {
      const summaries: PlanSummary[] = [];
      for (const plan of await listPlans(catalog)) summaries.push(await summary(plan));
      return summaries;
    },
    'plans:show': async ({ name }) => summary(await namedPlan(catalog, name)),
    'plans:add': async ({ name, target, sources, excludes, schedule: text, retention: rules }) => {
      const schedule = checkSchedule(text);
      const retention = writeRetention(checkRetention(rules));
      const row = await namedTarget(catalog, target);
      const { id, settings } = row;
      const archives = settings.kind === 'folder' ? [Buffer.from(settings.path)] : [];
      const paths = checkSources(sources, profile.root, archives);
      parseRules(excludes);
      const uid = randomBytes(16).toString('hex');
      await catalog.transaction(async (tx) => {
        await refuseClosing(tx, row);
        await addPlan(tx, {
          name,
          uid,
          target: id,
          sources: paths,
          excludes,
          schedule,
          retention,
          createdAt: Date.now(),
        });
      });
      events.emit('lists:changed', {});
      return summary(await namedPlan(catalog, name));
    },
    'plans:edit': async ({ name, rename, sources, excludes, schedule, retention }) => {
      const plan = await namedPlan(catalog, name);
      if (plan.writer !== null) throw foreign(plan);
      const target = await getTarget(catalog, plan.target);
      const archives = target?.settings.kind === 'folder' ? [Buffer.from(target.settings.path)] : [];
      const paths = sources && checkSources(sources, profile.root, archives);
      if (excludes !== undefined) parseRules(excludes);
      const text = schedule === undefined ? plan.schedule : checkSchedule(schedule);
      const rules = retention === undefined ? undefined : writeRetention(checkRetention(retention));
      await catalog.transaction(async (tx) => {
        // What a run or an order under way goes by stays as it is.
        if (paths !== undefined || excludes !== undefined) {
          await refuseBusy(tx, plan.id);
          await redefinePlan(tx, plan.id, {
            sources: paths ?? plan.sources,
            excludes: excludes ?? plan.excludes,
          });
        }
        await changePlan(tx, plan.id, {
          ...(rename !== undefined && { name: rename }),
          ...(text !== plan.schedule && { schedule: text, scheduledAt: Date.now() }),
          ...(rules !== undefined && { retention: rules }),
        });
      });
      events.emit('lists:changed', {});
      return summary(await namedPlan(catalog, rename ?? name));
    },
    'plans:takeOver': async ({ name, sources }) => {
      const plan = await namedPlan(catalog, name);
      if (plan.writer === null) {
        throw new EngineError(
          'conflict',
          `The plan ${name} is this installation's own.`,
          'Back it up as it is.',
        );
      }
      const target = await getTarget(catalog, plan.target);
      const archives = target?.settings.kind === 'folder' ? [Buffer.from(target.settings.path)] : [];
      const paths = checkSources(sources ?? plan.sources.map(String), profile.root, archives);
      await catalog.transaction(async (tx) => {
        await takePlan(tx, plan.id, randomBytes(16).toString('hex'));
        await redefinePlan(tx, plan.id, { sources: paths, excludes: plan.excludes });
      });
      events.emit('lists:changed', {});
      return summary(await namedPlan(catalog, name));
    },
    'rules:preview': ({ sources, excludes }) =>
      previewRules(
        checkSources(sources, profile.root, []).map((source) => findRoot(source)),
        excludes,
        PREVIEW_MS,
      ),
    'plans:remove': async ({ name, snapshots }) => {
      const plan = await namedPlan(catalog, name);
      if (snapshots === 'forget' && plan.writer !== null) throw foreign(plan);
      await catalog.transaction(async (tx) => {
        await refuseBusy(tx, plan.id);
        if (snapshots === 'forget') return removeWithSnapshots(tx, plan.id, Date.now());
        // They stay at the target, and what they need with them.
        await pinPacksOf(tx, plan.target, plan.id);
        return removePlan(tx, plan.id);
      });
      events.emit('lists:changed', {});
      return null;
    },
  };
}

function foreign({ name, host }: PlanRow): EngineError {
  return new EngineError(
    'conflict',
    `The plan ${name} belongs to another installation (${host ?? 'unknown'}).`,
    `To go on with it on this computer: permafrost plan take-over ${name}.`,
    { safe: 'Nothing was changed.' },
  );
}

/** @throws EngineError `not-found` */
export async function namedPlan(catalog: Catalog, name: string): Promise<PlanRow> {
  const plan = await findPlan(catalog, name);
  if (plan !== undefined) return plan;
  throw new EngineError(
    'not-found',
    `There is no plan named ${name}.`,
    'See those there are: permafrost plan list.',
  );
}

/**
 * Source folders as they are kept: full paths of folders that exist, none inside another, in the profile, or where the
 * archives go.
 */
function checkSources(sources: readonly string[], profile: string, archives: readonly Buffer[]): Buffer[] {
  const paths = sources.map((source) => {
    if (!isAbsolute(source)) {
      throw new EngineError(
        'invalid',
        `${source} is not a full path.`,
        'Give the path from the top of the disk.',
      );
    }
    assertApart(source, profile, 'The source folder');
    return findRoot(Buffer.from(source), archives).entry.name;
  });
  for (const [i, path] of paths.entries()) {
    const other = paths.find((p, j) => j !== i && (p.equals(path) ? j < i : isInside(path, p)));
    if (other === undefined) continue;
    throw new EngineError(
      'invalid',
      `${path.toString()} is already saved with ${other.toString()}.`,
      'Leave it out, or make a plan of its own for it.',
    );
  }
  return paths;
}

async function storedSummary(catalog: Catalog, plan: PlanRow): Promise<Omit<PlanSummary, 'isWaiting'>> {
  const run = await lastRun(catalog, plan.id);
  const snapshots = await listSnapshots(catalog, plan.id);
  const latest = snapshots.at(-1);
  const storm = openStorm(snapshots);
  const target = await getTarget(catalog, plan.target);
  const targetName = target?.name ?? '';
  return {
    name: plan.name,
    target: targetName,
    sources: plan.sources.map(String),
    excludes: plan.excludes,
    createdAt: plan.createdAt,
    belongsTo: plan.writer === null ? null : (plan.host ?? ''),
    schedule: plan.schedule,
    retention: plan.retention,
    storm: storm === undefined ? null : { snapshot: storm.uid, at: storm.startedAt },
    nextRunAt: await nextRunOf(catalog, plan),
    lastRun: run === undefined ? null : await runSummary(catalog, run, plan.name),
    latestSnapshot: latest === undefined ? null : snapshotSummary(latest, plan.name, targetName),
    snapshots: snapshots.length,
  };
}
