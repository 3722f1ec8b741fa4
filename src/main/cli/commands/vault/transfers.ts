/** `vault upload` and `vault download`: single archives, of any kind. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { DownloadPreview, UploadPreview } from '../../../../shared/archiveTypes.ts';
import type { Tier } from '../../../../shared/types.ts';
import { formatBytes, formatEstimate, formatHours, shown } from '../../format.ts';
import type { Output } from '../../output.ts';
import { absolutePath } from '../../paths.ts';
import { withSession } from '../../session.ts';
import { confirm } from './confirm.ts';
import { whenStopped } from './errandText.ts';
import { hasEnded, isAtRest, runErrand } from './followErrand.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface PaidOptions extends VaultOptions {
  readonly dryRun?: true;
  readonly yes?: true;
}

interface UploadOptions extends PaidOptions {
  readonly description?: string;
}

interface DownloadOptions extends PaidOptions {
  readonly archive?: string;
  readonly to?: string;
  readonly range?: { readonly first: number; readonly end: number };
  readonly tier: Tier;
  readonly wait?: true;
}

export function addUpload(vault: Command, output: Output): void {
  withVault(vault.command('upload'))
    .description('Stores a file as an archive. The same command again goes on where it was.')
    .argument('<file>')
    .option('--description <text>', 'Instead of the file’s name.')
    .option('--dry-run', 'Only say what it costs.')
    .option('--yes', 'Agree to the price without being asked.')
    .action(async (file: string, options: UploadOptions, command: Command) => {
      const { description } = options;
      const asked = {
        ...vaultIn(options, command),
        path: absolutePath(file, process.cwd()),
        ...(description !== undefined && { description }),
      };
      await withSession(command, output, { keys: 'none', whenStopped }, async (session) => {
        const preview = await session.ask('uploads:preview', asked);
        if (options.dryRun === true) {
          await output.result(preview, () => uploadLines(preview));
          return;
        }
        await confirm(session, options.yes === true, uploadLines(preview));
        await runErrand(session, () => session.ask('uploads:start', { ...asked, accept: true }), hasEnded);
      });
    });
}

export function addDownload(vault: Command, output: Output): void {
  withVault(vault.command('download'))
    .description('Orders an archive, or a range of it, into a file. It is ready after hours.')
    .argument('[archive]', 'Its id. One that begins with - goes after --, or as --archive=ID.')
    .option('--archive <id>', 'The same.')
    .option('--to <file>', 'A file that does not exist yet.')
    .option('--range <first-end>', 'Bytes from first up to, not including, end: whole MiB.', byteRange)
    .addOption(
      new Option('--tier <tier>', 'How fast, how dear.')
        .choices(['expedited', 'standard', 'bulk'])
        .default('standard'),
    )
    .option('--dry-run', 'Only say what it costs.')
    .option('--yes', 'Agree to the price without being asked.')
    .option('--wait', 'Stay until the file is there.')
    .action(async (named: string | undefined, options: DownloadOptions, command: Command) => {
      const { range, tier, to } = options;
      const archive = named ?? options.archive ?? command.error('error: name the archive');
      const asked = {
        ...vaultIn(options, command),
        archive,
        tier,
        ...(range !== undefined && { range }),
      };
      const isDry = options.dryRun === true;
      const file = isDry ? '' : (to ?? command.error("error: required option '--to <file>' not specified"));
      await withSession(command, output, { keys: 'none', whenStopped }, async (session) => {
        const preview = await session.ask('downloads:preview', asked);
        if (isDry) {
          await output.result(preview, () => downloadLines(preview));
          return;
        }
        await confirm(session, options.yes === true, downloadLines(preview));
        const wanted = { ...asked, to: absolutePath(file, process.cwd()), accept: true } as const;
        await runErrand(
          session,
          () => session.ask('downloads:start', wanted),
          options.wait === true ? hasEnded : isAtRest,
        );
      });
    });
}

function byteRange(text: string): { readonly first: number; readonly end: number } {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  const range = { first: Number(found?.[1]), end: Number(found?.[2]) };
  if (found !== null && range.first < range.end) return range;
  throw new InvalidArgumentError('It has to be two numbers, like 0-1048576.');
}

function uploadLines(preview: UploadPreview): string[] {
  return [
    `${shown(preview.path)}, ${formatBytes(preview.bytes)}, to vault ${preview.vault} as “${preview.description}”.`,
    ...formatEstimate(preview.estimate),
  ];
}

function downloadLines(preview: DownloadPreview): string[] {
  const { bytes, name, isVerifiable } = preview;
  const size = bytes === null ? 'of a size that no inventory here tells' : formatBytes(bytes);
  return [
    `Archive ${preview.archive}${name === null ? '' : ` (${shown(name)})`}, ${size}.`,
    `It is usually ready after ${formatHours(preview.hours)}.`,
    ...(isVerifiable === false
      ? [
          'The service has no hash for this range: only ranges that are nodes of the hash tree can be verified.',
        ]
      : []),
    ...formatEstimate(preview.estimate),
    ...(bytes === null ? ['The price by size comes on top; read an inventory first to know it.'] : []),
  ];
}
