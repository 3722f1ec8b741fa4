/** What is made of the figures: turns, bounds, tables, versions, space. */
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outOfBounds } from '../../bench/bounds.ts';
import { parseVersion } from '../../bench/contenders/version.ts';
import { corpusOf, type CorpusFacts } from '../../bench/corpora.ts';
import { medianLines, ratioLines } from '../../bench/report.ts';
import { inTurn, type Run } from '../../bench/rounds.ts';
import { checkSpace, spaceNeeded } from '../../bench/space.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const small: CorpusFacts = { name: 'small', files: 60_000, bytes: 648 * MIB };
const big: CorpusFacts = { name: 'big', files: 3, bytes: 3 * GIB };

function run(change: Partial<Run>): Run {
  return {
    corpus: 'small',
    step: 'first',
    contender: 'permafrost',
    round: 1,
    seconds: 4,
    cpuSeconds: 6,
    peakBytes: 200 * MIB,
    storedBytes: 155 * MIB,
    addedBytes: 155 * MIB,
    localBytes: 10 * MIB,
    ...change,
  };
}

describe('turns', () => {
  it('have everybody in each round and everybody first equally often', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }), (names) => {
        const rounds = names.map((_, i) => inTurn(names, i + 1));
        for (const round of rounds) expect(round.toSorted()).toEqual(names.toSorted());
        expect(rounds.map(([first]) => first)).toEqual(names);
      }),
    );
  });
});

describe('bounds', () => {
  it('hold for what was measured', () => {
    expect(outOfBounds(small, [run({}), run({ step: 'unchanged', addedBytes: 0 })])).toEqual([]);
    const edit = run({ step: 'edit', addedBytes: 20 * MIB });
    expect(outOfBounds(big, [run({ storedBytes: 1.55 * GIB }), edit])).toEqual([]);
  });

  it.each([
    ['nothing is compressed', small, run({ storedBytes: 648 * MIB })],
    ['data is missing', small, run({ storedBytes: 3 * MIB })],
    ['random data has become smaller', big, run({ storedBytes: 0.9 * GIB })],
    ['an unchanged tree is stored again', small, run({ step: 'unchanged', addedBytes: 1 })],
    ['an insert moves all cuts after it', big, run({ step: 'edit', addedBytes: GIB })],
    ['inserts are lost', big, run({ step: 'edit', addedBytes: 0 })],
    ['a restore writes to the target', small, run({ step: 'restore', addedBytes: MIB })],
  ])('notice when %s', (_what, corpus, broken) => {
    expect(outOfBounds(corpus, [broken])).toHaveLength(1);
  });

  it('are no business of other programs', () => {
    expect(outOfBounds(small, [run({ contender: 'restic', storedBytes: 0 })])).toEqual([]);
  });
});

describe('tables', () => {
  const runs = [
    run({ round: 1, seconds: 4 }),
    run({ round: 1, seconds: 8, contender: 'restic', storedBytes: 310 * MIB }),
    run({ round: 2, seconds: 100, contender: 'restic', storedBytes: 310 * MIB }),
    run({ round: 2, seconds: 10 }),
    run({ round: 3, seconds: 5 }),
    run({ round: 3, seconds: 15, contender: 'restic', storedBytes: 310 * MIB }),
  ];

  it('show the median of all rounds, and from where to where they went', () => {
    const [title, head, ours, theirs] = medianLines(small, runs);
    expect(title).toBe('small: 60,000 files, 648.0 MiB');
    expect(head).toMatch(
      /^STEP +PROGRAM +SECONDS +FROM-TO +CPU S +PEAK MiB +STORED MiB +ADDED MiB +LOCAL MiB$/,
    );
    expect(ours).toMatch(
      /^first backup +permafrost +5\.00 +4\.00-10\.00 +6\.00 +200 +155\.0 +155\.0 +10\.0$/,
    );
    expect(theirs).toMatch(/^ +restic +15\.00 +8\.00-100\.00 /);
  });

  it('pair the runs of one round, in whatever order they were', () => {
    const [, , line] = ratioLines(runs);
    expect(line).toMatch(/^first backup +restic +3\.00x +2\.00-10\.00 +1\.00x +2\.00x$/);
  });

  it('leave out what the system did not tell', () => {
    const untold = runs.map((one) => ({ ...one, cpuSeconds: null, peakBytes: null }));
    expect(medianLines(small, untold)[2]).toMatch(/ 4\.00-10\.00 +- +- +155\.0 /);
    expect(ratioLines(untold)[2]).toMatch(/ - +2\.00x$/);
  });

  it('compare nothing when nobody else ran', () => {
    expect(ratioLines([run({})])).toEqual([]);
  });
});

describe('versions', () => {
  it.each([
    ['restic 0.18.0 compiled with go1.24.4 on linux/amd64\n', '0.18.0'],
    ['borg 1.4.0\n', '1.4.0'],
    ['borg 2.0.0b19\n', '2.0.0b19'],
    ['0.1.0\n', '0.1.0'],
    ['unknown\n', 'unknown'],
  ])('%j is %s', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });
});

describe('space', () => {
  it('counts the files, what comes back, and a store for each program', () => {
    const tree = corpusOf('tree', false);
    expect(spaceNeeded(tree, 4) - spaceNeeded(tree, 3)).toBe(tree.expectedBytes);
    expect(spaceNeeded(corpusOf('big', false), 4)).toBeGreaterThan(21 * GIB);
  });

  it('is looked at before anything is written', async () => {
    await expect(checkSpace(1, tmpdir())).resolves.toBeUndefined();
    await expect(checkSpace(2 ** 60, tmpdir())).rejects.toThrow('--dir');
  });
});
