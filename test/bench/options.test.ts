import { describe, expect, it } from 'vitest';
import { CORPORA, parseOptions, STEPS } from '../../bench/options.ts';

describe('options', () => {
  it('are everything, three times, when nothing is said', () => {
    expect(parseOptions([])).toEqual({
      smoke: false,
      rounds: 3,
      corpora: [...CORPORA],
      steps: ['first', ...STEPS],
      peers: true,
      dir: null,
      jsonFile: null,
      help: false,
    });
  });

  it('a smoke run is one round unless more are asked for', () => {
    expect(parseOptions(['--smoke']).rounds).toBe(1);
    expect(parseOptions(['--smoke', '--rounds', '2']).rounds).toBe(2);
  });

  it.each([
    ['small', ['small'], ['first', ...STEPS]],
    ['small,big', ['small', 'big'], ['first', ...STEPS]],
    ['unchanged', [...CORPORA], ['first', 'unchanged']],
    ['edit, big', ['big'], ['first', 'edit']],
    ['one,unchanged,tree', ['tree'], ['first', 'unchanged', 'one']],
  ])('--only %s chooses corpora and steps', (only, corpora, steps) => {
    expect(parseOptions(['--only', only])).toMatchObject({ corpora, steps });
  });

  it.each([
    [['--only', 'medium'], "'medium'"],
    [['--only', ''], "''"],
    [['--rounds', '0'], "'0'"],
    [['--rounds', '2.5'], "'2.5'"],
    [['--fast'], '--fast'],
    [['more'], 'more'],
  ])('%j is refused by name', (argv, named) => {
    expect(() => parseOptions(argv)).toThrow(named);
  });
});
