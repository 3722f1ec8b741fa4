import type { Command } from 'commander';
import { Option } from 'commander';
import type { ErrandKind, ErrandSummary } from '../../../../shared/archiveTypes.ts';
import { formatEstimate, shown } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession, type Session } from '../../session.ts';
import { confirm } from './confirm.ts';
import { errandLines, errandTable, exitCodeOfErrand, whenStopped } from './errandText.ts';
import { followErrand, hasEnded, isAtRest, runErrand } from './followErrand.ts';

interface ErrandOptions {
  readonly kind?: ErrandKind;
}

interface ResumeOptions extends ErrandOptions {
  readonly wait?: true;
  readonly yes?: true;
}

/** Everything that was begun at vaults and takes its time. */
export function addErrands(vault: Command, output: Output): void {
  addFamily(
    vault,
    output,
    'errands',
    'What was asked for at vaults: inventories, uploads, downloads, clearings.',
  );
  addFamily(vault, output, 'downloads', 'Archives that were ordered into files.', 'download');
}

function addFamily(vault: Command, output: Output, name: string, about: string, only?: ErrandKind): void {
  const family = vault.command(name).helpCommand(false).description(about);
  const ofKind = (command: Command): Command =>
    only === undefined
      ? command.addOption(
          new Option('--kind <kind>', 'Only these.').choices(['inventory', 'upload', 'download', 'clearing']),
        )
      : command;
  const asked = ({ kind = only }: ErrandOptions) => (kind === undefined ? {} : { kind });

  ofKind(family.command('list', { isDefault: true }))
    .description('All of them, newest first.')
    .action(async (options: ErrandOptions, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const errands = await session.ask('errands:list', asked(options));
        await output.result(errands, () =>
          errands.length === 0 ? ['Nothing was asked for.'] : errandTable(errands, Date.now()),
        );
      });
    });

  ofKind(family.command('resume'))
    .description('Carries on what has not ended, as far as it goes now.')
    .argument('[id]', 'Only this one: a download that has to be paid again goes on no other way.')
    .option('--wait', 'Stay until all have ended.')
    .option('--yes', 'Agree to a price that is due again without being asked.')
    .action(async (id: string | undefined, options: ResumeOptions, command: Command) => {
      await withSession(command, output, { keys: 'none', whenStopped }, async (session) => {
        const until = options.wait === true ? hasEnded : isAtRest;
        if (id !== undefined) return resumeOne(session, id, options.yes === true, until);
        const open = (await session.ask('errands:list', asked(options))).filter((one) => !hasEnded(one));
        const dear = open.filter(({ paidAgain }) => paidAgain);
        const free = open.filter(({ paidAgain }) => !paidAgain);
        let isResumed = false;
        const resume = async (one: string) => {
          // Once for all, when the last of them is listened to.
          if (!isResumed && one === free.at(-1)?.id) {
            isResumed = true;
            await session.ask('errands:resume', asked(options));
          }
          return session.ask('errands:show', { id: one });
        };
        const followed = await Promise.all(
          free.map((one) => followErrand(session, () => resume(one.id), until)),
        );
        const all = [...followed, ...dear];
        await output.result(all, () =>
          all.length === 0 ? ['Nothing is under way.'] : all.flatMap(errandLines),
        );
        process.exitCode = Math.max(0, ...all.map(exitCodeOfErrand));
      });
    });

  family
    .command('cancel')
    .description('Gives one up. What has happened stays; what was paid is paid.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const errand = await session.ask('errands:cancel', { id });
        await output.result(errand, () => errandLines(errand));
      });
    });
}

/** What it costs once more is said, and agreed to, before. */
async function resumeOne(
  session: Session,
  named: string,
  yes: boolean,
  until: (errand: ErrandSummary) => boolean,
): Promise<void> {
  const { id, paidAgain, estimate, vault } = await session.ask('errands:show', { id: named });
  if (paidAgain) {
    const what = `Retrieves the archive of vault ${shown(vault)} once more; it is paid again.`;
    await confirm(session, yes, [what, ...formatEstimate(estimate)]);
  }
  await runErrand(
    session,
    async () => {
      await session.ask('errands:resume', { id, ...(paidAgain && { accept: true }) });
      return session.ask('errands:show', { id });
    },
    until,
  );
}
