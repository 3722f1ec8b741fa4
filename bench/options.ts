/** What was asked for on the command line. Pure. */
import { parseArgs } from 'node:util';

export const CORPORA = ['small', 'big', 'tree'] as const;
export type CorpusName = (typeof CORPORA)[number];

/** What is done with a corpus, in this order, after it was backed up for the first time. */
export const STEPS = ['unchanged', 'restore', 'one', 'edit', 'delay'] as const;
export type StepName = 'first' | (typeof STEPS)[number];

export interface Options {
  readonly smoke: boolean;
  readonly rounds: number;
  readonly corpora: readonly CorpusName[];
  readonly steps: readonly StepName[];
  readonly peers: boolean;
  /** Where to work; the temporary folder if null. */
  readonly dir: string | null;
  readonly jsonFile: string | null;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]: Permafrost beside restic and borg on the same files

  --smoke            a few minutes: small corpora, one round, and only whether everything works
  --only LIST        corpora (${CORPORA.join(', ')}) and steps (${STEPS.join(', ')}), with commas between;
                     all corpora if none is named, all steps if none is named; the first backup is always made
  --rounds N         how often each step is done, the programs in turns (3)
  --without-peers    Permafrost alone
  --dir DIR          where to work, in a new folder that is removed at the end (the temporary folder)
  --json FILE        every single figure as JSON`;

/** @throws Error with what is wrong, for the person who typed it */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      'without-peers': { type: 'boolean', default: false },
      dir: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    smoke: values.smoke,
    rounds: roundsOf(values.rounds, values.smoke),
    ...chosen(values.only),
    peers: !values['without-peers'],
    dir: values.dir ?? null,
    jsonFile: values.json ?? null,
    help: values.help,
  };
}

function roundsOf(text: string | undefined, smoke: boolean): number {
  if (text === undefined) return smoke ? 1 : 3;
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`--rounds takes a whole number from 1, not '${text}'.`);
  return Number(text);
}

function chosen(only: string | undefined): Pick<Options, 'corpora' | 'steps'> {
  const names = only === undefined ? [] : only.split(',').map((name) => name.trim());
  const known: readonly string[] = [...CORPORA, ...STEPS];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only knows ${known.join(', ')}, not '${unknown}'.`);
  const corpora = CORPORA.filter((name) => names.includes(name));
  const steps = STEPS.filter((name) => names.includes(name));
  return {
    corpora: corpora.length === 0 ? CORPORA : corpora,
    steps: ['first', ...(steps.length === 0 ? STEPS : steps)],
  };
}
