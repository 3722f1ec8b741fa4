import type { Command } from 'commander';
import type { OpenUploads } from '../../../../shared/vaultTypes.ts';
import { formatBytes, formatEstimate, formatWhen, plural, shown, table } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface AbortOptions extends VaultOptions {
  readonly all?: true;
  readonly includingOwn?: true;
}

export function addUploads(vault: Command, output: Output): void {
  const uploads = vault
    .command('uploads')
    .helpCommand(false)
    .description('Uploads that were begun and not completed; what they hold is charged as storage.');

  withVault(uploads.command('list', { isDefault: true }))
    .description('All of them, with the bytes they hold and what these cost a month.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const open = await session.ask('openUploads:list', place);
        await output.result(open, () => uploadLines(open));
      });
    });

  withVault(uploads.command('abort'))
    .description('Aborts uploads; what they hold is dropped, at no charge.')
    .argument('[id...]', 'Which. An id that begins with - goes after --.')
    .option('--all', 'All that this profile does not mean to go on with.')
    .option('--including-own', 'Those that this profile means to go on with too; they begin anew.')
    .action(async (ids: string[], options: AbortOptions, command: Command) => {
      const all = options.all === true;
      if (all === ids.length > 0) command.error("error: name the uploads, or give '--all'");
      const asked = {
        ...vaultIn(options, command),
        ...(!all && { uploads: ids }),
        alsoOurs: options.includingOwn === true,
      };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const result = await session.ask('openUploads:abort', asked);
        const { aborted, spared } = result;
        await output.result(result, () => [
          `Aborted ${plural(aborted.length, 'upload')}.`,
          ...(spared === 0
            ? []
            : [
                `${plural(spared, 'upload')} that this profile means to go on with ${spared === 1 ? 'was' : 'were'} spared; --including-own aborts ${spared === 1 ? 'it' : 'them'} too.`,
              ]),
        ]);
      });
    });
}

/** Ids come last: they are long, and whole, to be copied. */
function uploadLines({ uploads, estimate }: OpenUploads): string[] {
  if (uploads.length === 0) return ['No uploads are open.'];
  const rows = uploads.map((upload) => [
    formatWhen(upload.createdAt),
    plural(upload.parts, 'part'),
    formatBytes(upload.bytes),
    upload.ours ? 'goes on here' : shown(upload.description) || '-',
    upload.id,
  ]);
  return [
    ...table([['BEGUN', 'PARTS', 'SIZE', 'OF', 'ID'], ...rows], ['left', 'right', 'right', 'left', 'left']),
    ...formatEstimate(estimate),
  ];
}
