import type { Command } from 'commander';
import type { EntryLine, FoundLine, SnapshotSummary } from '../../../shared/types.ts';
import { formatAgo, formatBytes, formatCount, formatMode, formatWhen, shown, table } from '../format.ts';
import type { Output } from '../output.ts';
import { shortId } from '../progress.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';

const PAGE = 5000;
const MOST_FOUND = 10_000;

export function addSnapshots(program: Command, output: Output): void {
  program
    .command('snapshots')
    .description('Snapshots, the newest last.')
    .argument('[plan]')
    .action(async (plan: string | undefined, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const snapshots = await session.ask('snapshots:list', plan === undefined ? {} : { plan });
        const now = Date.now();
        await output.result(snapshots, () =>
          snapshots.length === 0 ? [noSnapshots] : snapshotTable(snapshots, now),
        );
      });
    });

  program
    .command('ls')
    .description('What a folder of a snapshot holds; without a path, its source folders.')
    .argument('<snapshot>', 'Its id, the beginning of it, or "latest".')
    .argument('[path]', 'A full path, or one below a source folder.')
    .option('--plan <plan>', 'Whose "latest".')
    .action(async (snapshot: string, path: string | undefined, options: PlanOption, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        await listEntries(session, snapshot, path, options);
      });
    });

  program
    .command('find')
    .description('Looks for names in all snapshots.')
    .argument('<pattern>', 'A pattern like "*.jpg", or a part of a name.')
    .option('--plan <plan>', 'Only in snapshots of this plan.')
    .action(async (pattern: string, options: PlanOption, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const found = await session.ask('entries:find', { pattern, ...options, limit: MOST_FOUND });
        await output.result(found, () => found.entries.map(foundLine));
        if (found.entries.length === 0) output.note('Nothing was found.');
        if (found.more)
          output.note(`These are the first ${formatCount(MOST_FOUND)}; a narrower pattern shows the rest.`);
      });
    });
}

interface PlanOption {
  readonly plan?: string;
}

const noSnapshots = 'No snapshots yet. Make one with "permafrost backup".';

function snapshotTable(snapshots: readonly SnapshotSummary[], now: number): string[] {
  const rows = snapshots.map((s) => [
    shortId(s.id),
    s.plan,
    `${formatWhen(s.startedAt)}, ${formatAgo(s.startedAt, now)}`,
    formatCount(s.files),
    formatBytes(s.bytes),
    formatBytes(s.newBytes),
  ]);
  return table(
    [['SNAPSHOT', 'PLAN', 'MADE', 'FILES', 'SIZE', 'NEW'], ...rows],
    ['left', 'left', 'left', 'right', 'right', 'right'],
  );
}

/** Page by page, each written before the next is asked for: a folder may hold millions of names. */
async function listEntries(
  session: Session,
  snapshot: string,
  path: string | undefined,
  of: PlanOption,
): Promise<void> {
  const { output } = session;
  const at = path === undefined ? {} : { at: { text: path } };
  let after: string | undefined;
  let written = 0;
  if (output.json) await output.write('{"entries":[');
  for (;;) {
    const page = await session.ask('entries:list', {
      snapshot,
      ...of,
      ...at,
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    if (output.json) {
      const text = page.entries.map((entry) => JSON.stringify(entry)).join(',');
      await output.write(written > 0 && text !== '' ? `,${text}` : text);
    } else {
      await output.write(page.entries.map((entry) => `${entryLine(entry)}\n`).join(''));
    }
    written += page.entries.length;
    after = page.entries.at(-1)?.ref;
    if (!page.more || after === undefined || !output.isHeard()) break;
  }
  if (output.json) await output.write('],"more":false}\n');
  else if (written === 0) output.note('The folder is empty.');
}

function entryLine(entry: EntryLine): string {
  const size = entry.kind === 'folder' ? '-' : formatBytes(entry.size);
  const name = shown(entry.name) + (entry.kind === 'folder' ? '/' : '');
  const to = entry.linkTo === null ? '' : ` -> ${shown(entry.linkTo)}`;
  return `${formatMode(entry.kind, entry.mode)}  ${size.padStart(8)}  ${formatWhen(entry.modifiedAt)}  ${name}${to}`;
}

function foundLine(found: FoundLine): string {
  const size = found.kind === 'folder' ? '-' : formatBytes(found.size);
  const first = shortId(found.firstSnapshot);
  const last = shortId(found.lastSnapshot);
  const snapshots = first === last ? first : `${first}..${last}`;
  const path = shown(found.path) + (found.kind === 'folder' ? '/' : '');
  return `${size.padStart(8)}  ${formatWhen(found.modifiedAt)}  ${snapshots.padEnd(18)}  ${path}`;
}
