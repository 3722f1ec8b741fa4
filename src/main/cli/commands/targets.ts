import type { Command } from 'commander';
import type { RequestInput } from '../../../shared/contract.ts';
import type { TargetSummary } from '../../../shared/types.ts';
import { formatBytes, formatMiB, formatWhen, plural, shown, table } from '../format.ts';
import { packMiB, positiveNumber } from '../options.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';
import { withSession } from '../session.ts';

type Settings = RequestInput<'targets:add'>['settings'];

export function addTargets(program: Command, output: Output): void {
  const target = program
    .command('target')
    .helpCommand(false)
    .description('Places that hold archives: vaults, folders, the practice vault.');
  addAdd(target, output);

  target
    .command('list')
    .description('All targets.')
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const targets = await session.ask('targets:list', {});
        await output.result(targets, () => (targets.length === 0 ? [noTargets] : targetTable(targets)));
      });
    });

  target
    .command('show')
    .description('One target.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('targets:show', { name });
        await output.result(summary, () => targetLines(summary));
      });
    });

  target
    .command('remove')
    .description('Forgets a target here; nothing stored there is touched.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('targets:remove', { name });
        await output.result(nothing, () => [
          `Target ${name} is forgotten here; what it holds was not touched.`,
        ]);
      });
    });
}

function addAdd(target: Command, output: Output): void {
  const add = target
    .command('add')
    .description('Adds a target once it has proved that it can be reached.')
    .usage('<name> vault|folder|practice [options]')
    .argument('<name>', 'What to call it here.')
    .argument('<kind>', 'Vault, folder or practice.')
    .option('--vault <vault>', 'Vault: its name at Amazon Glacier.')
    .option('--region <region>', 'Vault: its region, like eu-central-1.')
    .option('--endpoint <url>', 'Vault: another address than the region has.')
    .option('--aws-profile <profile>', 'Vault: which of the AWS profiles on this computer to use.')
    .option('--aws-keys <name>', 'Vault: AWS keys in the keychain, see "permafrost aws-keys".')
    .option('--path <dir>', 'Folder: where it is.')
    .option('--speed <x>', 'Practice: virtual seconds that pass in one second.', positiveNumber)
    .option('--create', 'Vault, folder: make it if it does not exist.')
    .option('--pack-size <MiB>', 'Size of a full pack, a power of two.', packMiB);
  add.action(async (name: string, kind: string, options: PlaceOptions, command: Command) => {
    const settings = settingsOf(kind, options, (message) => command.error(`error: ${message}`));
    await withSession(command, output, { keys: 'none' }, async (session) => {
      const summary = await session.ask('targets:add', { name, settings });
      await output.result(summary, () => [
        `Target ${summary.name} is ready: ${shown(summary.place)}, packs of ${formatMiB(summary.packBytes)}.`,
      ]);
    });
  });
}

export interface PlaceOptions {
  readonly vault?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly awsProfile?: string;
  readonly awsKeys?: string;
  readonly path?: string;
  readonly speed?: number;
  readonly create?: true;
  readonly packSize?: number;
}

const optionsOf = {
  vault: ['vault', 'region', 'endpoint', 'awsProfile', 'awsKeys', 'create', 'packSize'],
  folder: ['path', 'create', 'packSize'],
  practice: ['speed', 'packSize'],
} as const satisfies Record<string, readonly (keyof PlaceOptions)[]>;

/** `usage` ends the command: an option is missing, or belongs to another kind of target. */
export function settingsOf(kind: string, options: PlaceOptions, usage: (message: string) => never): Settings {
  if (!isKind(kind)) return usage(`a target is a vault, a folder or practice, not '${kind}'`);
  const allowed: readonly string[] = optionsOf[kind];
  const foreign = Object.keys(options).find((option) => isAddOption(option) && !allowed.includes(option));
  if (foreign !== undefined) return usage(`option '${flagOf(foreign)}' is not for a ${kind} target`);
  const { vault, region, endpoint, awsProfile, awsKeys, path, speed, create, packSize } = options;
  const size = packSize === undefined ? {} : { packMiB: packSize };
  switch (kind) {
    case 'vault':
      return {
        kind,
        vault: vault ?? usage("a vault target needs '--vault'"),
        region: region ?? usage("a vault target needs '--region'"),
        ...(endpoint !== undefined && { endpoint }),
        ...(awsProfile !== undefined && { awsProfile }),
        ...(awsKeys !== undefined && { awsKeys }),
        create: create === true,
        ...size,
      };
    case 'folder': {
      const folder = absolutePath(path ?? usage("a folder target needs '--path'"), process.cwd());
      return { kind, path: folder, create: create === true, ...size };
    }
    case 'practice':
      return { kind, ...(speed !== undefined && { speed }), ...size };
  }
}

function isKind(text: string): text is keyof typeof optionsOf {
  return Object.hasOwn(optionsOf, text);
}

function isAddOption(option: string): boolean {
  return Object.values(optionsOf).some((options: readonly string[]) => options.includes(option));
}

/** `awsProfile` as it is typed: `--aws-profile`. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const noTargets = 'No targets yet. Add one with "permafrost target add"; "practice" needs no account.';

function targetTable(targets: readonly TargetSummary[]): string[] {
  const rows = targets.map((t) => [t.name, shown(t.place), formatBytes(t.storedBytes), plans(t)]);
  return table([['NAME', 'PLACE', 'STORED', 'PLANS'], ...rows], ['left', 'left', 'right', 'left']);
}

function targetLines(t: TargetSummary): string[] {
  return table(
    [
      ['Target', t.name],
      ['Place', shown(t.place)],
      ['Packs', `of ${formatMiB(t.packBytes)}`],
      ['Holds', `${plural(t.archives, 'archive')}, ${formatBytes(t.storedBytes)}`],
      ['Plans', plans(t)],
      ['Added', formatWhen(t.createdAt)],
    ],
    ['left', 'left'],
  );
}

function plans(t: TargetSummary): string {
  return t.plans.length === 0 ? '-' : t.plans.join(', ');
}
