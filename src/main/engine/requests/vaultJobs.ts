import type { JobSummary } from '../../../shared/archiveTypes.ts';
import type { Routes } from '../../../shared/contract.ts';
import { ownJobs } from '../catalog/vaultJobs.ts';
import type { VaultJob } from '../target/service.ts';
import type { JobId } from '../target/target.ts';
import type { EngineContext } from './context.ts';
import { vaultOf, withService } from './vaultPlace.ts';

/** Jobs of a vault as the service lists them, whoever started them. */
export function vaultJobRoutes(context: EngineContext): Pick<Routes, 'jobs:list' | 'jobs:show'> {
  return {
    'jobs:list': ({ at, vault: named, state }) =>
      withService(context, at, async (service) => {
        const vault = await vaultOf(context, at, named);
        const jobs: VaultJob[] = [];
        const filter = state === undefined ? {} : { state };
        for await (const job of service.listJobs(vault, filter)) jobs.push(job);
        return summaries(context, jobs);
      }),
    'jobs:show': ({ at, vault: named, job }) =>
      withService(context, at, async (service) => {
        const found = await service.describeJob(await vaultOf(context, at, named), job as JobId);
        const [summary] = await summaries(context, [found]);
        if (summary === undefined) throw new RangeError('one job, no summary');
        return summary;
      }),
  };
}

async function summaries(
  { catalog }: EngineContext,
  jobs: readonly VaultJob[],
): Promise<readonly JobSummary[]> {
  const ours = await ownJobs(
    catalog,
    jobs.map(({ jobId }) => jobId),
  );
  return jobs.map((job) => ({
    job: job.jobId,
    kind: job.kind,
    ours: ours.has(job.jobId),
    description: job.description,
    state: job.state,
    reason: job.reason,
    createdAt: job.createdAt,
    completedAt: job.completedAt,
    tier: job.tier,
    archive: job.archiveId,
    bytes: bytesOf(job),
    range: job.range,
    format: job.inventory?.format ?? null,
  }));
}

function bytesOf({ kind, range, archiveBytes, inventoryBytes }: VaultJob): number | null {
  if (kind === 'inventory') return inventoryBytes;
  return range === null ? archiveBytes : range.end - range.first;
}
