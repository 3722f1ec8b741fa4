/** The page of figures: what is written is read again, and what became worse is told. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds } from '../../bench/figures/kinds.ts';
import { gather, pageOf, readPage, worsened } from '../../bench/figures/page.ts';

const someFigures = fc
  .uniqueArray(fc.record({ kind: fc.constantFrom(...kinds), value: fc.nat(10_000_000_000) }), {
    selector: ({ kind }) => kind.name,
  })
  .map((list) => new Map(list.map(({ kind, value }) => [kind.name, value])));

describe('the page of figures', () => {
  it('gives back what was written on it', () => {
    fc.assert(
      fc.property(someFigures, (figures) => {
        expect(readPage(pageOf(figures, 'Measured on a day.'))).toEqual(
          new Map(kinds.flatMap(({ name }) => (figures.has(name) ? [[name, figures.get(name)]] : []))),
        );
      }),
    );
  });

  it('adds up what several tests counted, and refuses what it has no row for', () => {
    const line = (name: string, value: number): string => `${JSON.stringify({ name, value })}\n`;
    const lines = line('states after power cuts', 17) + line('states after power cuts', 22);
    expect(gather(lines)).toEqual(new Map([['states after power cuts', 39]]));
    expect(() => gather(line('something', 1))).toThrow('something');
  });

  it('tells what became worse: fewer tries, more harm, a count that is gone; never a speed', () => {
    const before = new Map([
      ['seeds of random kills', 200],
      ['secrets found', 0],
      ['crash points killed at', 45],
      ['sealing', 3000],
    ]);
    const now = new Map([
      ['seeds of random kills', 199],
      ['secrets found', 1],
      ['sealing', 1],
    ]);
    expect(worsened(before, before)).toEqual([]);
    expect(worsened(now, before)).toEqual([
      'crash points killed at: was 45, and is not known any more',
      'seeds of random kills: was 200, is 199',
      'secrets found: was 0, is 1',
    ]);
    expect(worsened(new Map([...before, ['seeds of random kills', 800]]), before)).toEqual([]);
  });

  it('says of each thing that could not be had that it was not run', () => {
    const page = pageOf(new Map(), '');
    for (const missing of ['Windows', 'macOS', 'real power cut', 'real Electron'])
      expect(page.slice(page.indexOf('Not run:'))).toContain(missing);
    expect(page).toContain('| secrets found | not known |');
  });
});
