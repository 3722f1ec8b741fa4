import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { JobSummary } from '../../../../shared/archiveTypes.ts';
import { formatBytes, formatWhen, shown, table } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface JobsOptions extends VaultOptions {
  readonly state?: JobSummary['state'];
  readonly follow?: true;
}

/** Looking is free of charge; the wait doubles up to this, as jobs take hours. */
const LONGEST_WAIT_MS = 60_000;

export function addJobs(vault: Command, output: Output): void {
  const jobs = vault
    .command('jobs')
    .helpCommand(false)
    .description('Retrievals and inventories that the service works on or has ready, of every program.');

  withVault(jobs.command('list', { isDefault: true }))
    .description('All of them; the service forgets one about a day after its end.')
    .addOption(new Option('--state <state>', 'Only these.').choices(['waiting', 'ready', 'failed']))
    .option('--follow', 'Stay, and tell each that ends, until none is left to wait for.')
    .action(async (options: JobsOptions, command: Command) => {
      const { state } = options;
      const place = vaultIn(options, command);
      const asked = { ...place, ...(state !== undefined && { state }) };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        let all = await session.ask('jobs:list', asked);
        const told = new Set(all.filter(isOver).map(({ job }) => job));
        for (let waitMs = 1000; options.follow === true && !all.every(isOver);) {
          await sleep(waitMs, undefined, { signal: session.signal });
          waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
          all = await session.ask('jobs:list', place);
          for (const job of all) {
            if (!isOver(job) || told.has(job.job)) continue;
            told.add(job.job);
            waitMs = 1000;
            output.note(...jobTable([job]).slice(1));
          }
        }
        await output.result(all, () => (all.length === 0 ? ['No jobs.'] : jobTable(all)));
      });
    });

  withVault(jobs.command('show'))
    .description('One job.')
    .argument('<job>', 'Its id. One that begins with - goes after --.')
    .action(async (job: string, options: VaultOptions, command: Command) => {
      const asked = { ...vaultIn(options, command), job };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('jobs:show', asked);
        await output.result(summary, () => jobLines(summary));
      });
    });
}

function isOver({ state }: JobSummary): boolean {
  return state !== 'waiting';
}

/** Ids come last: they are long, and whole, to be copied. */
function jobTable(jobs: readonly JobSummary[]): string[] {
  const rows = jobs.map((job) => [
    formatWhen(job.createdAt),
    job.kind,
    job.state,
    job.bytes === null ? '-' : formatBytes(job.bytes),
    job.ours ? 'this profile' : 'another program',
    job.job,
  ]);
  return table(
    [['ASKED FOR', 'KIND', 'STATE', 'SIZE', 'BY', 'ID'], ...rows],
    ['left', 'left', 'left', 'right', 'left', 'left'],
  );
}

function jobLines(job: JobSummary): string[] {
  const { range } = job;
  return table(
    [
      ['Job', job.job],
      ['Kind', job.kind],
      ['State', job.reason === null ? job.state : `${job.state}: ${shown(job.reason)}`],
      ['By', job.ours ? 'this profile' : 'another program'],
      ['Description', shown(job.description) || '-'],
      ['Asked for', formatWhen(job.createdAt)],
      ['Over since', job.completedAt === null ? '-' : formatWhen(job.completedAt)],
      ['Archive', job.archive ?? '-'],
      ['Range', range === null ? '-' : `${range.first}-${range.end}`],
      ['Size', job.bytes === null ? '-' : formatBytes(job.bytes)],
      ['Tier', job.tier ?? '-'],
    ],
    ['left', 'left'],
  );
}
