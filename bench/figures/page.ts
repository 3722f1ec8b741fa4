/** The page of figures: written, read again, and compared. Pure. */
import { kinds, notRun } from './kinds.ts';

export type Figures = ReadonlyMap<string, number>;

/** Lines that tests wrote; counts of the same name added up. @throws Error for a figure that nobody knows */
export function gather(lines: string): Figures {
  const figures = new Map<string, number>();
  const known = new Set(kinds.map(({ name }) => name));
  for (const line of lines.split('\n').filter((text) => text !== '')) {
    const { name, value } = JSON.parse(line) as { name: string; value: number };
    if (!known.has(name)) throw new Error(`'${name}' is no figure of the page.`);
    figures.set(name, (figures.get(name) ?? 0) + value);
  }
  return figures;
}

export function pageOf(figures: Figures, measuredOn: string): string {
  const rows = kinds.map(({ name, unit }) => {
    const value = figures.get(name);
    return `| ${name} | ${value === undefined ? 'not known' : `${value.toLocaleString('en-US')} ${unit}`.trim()} |`;
  });
  const missing = notRun.map(([what, why]) => `- ${what}: ${why}`);
  return [
    '# Figures',
    '',
    `Printed by \`npm run figures\`, which fails when a count is worse than the one here. ${measuredOn}`,
    '',
    '| figure | |',
    '| --- | --- |',
    ...rows,
    '',
    'Not run:',
    '',
    ...missing,
    '',
  ].join('\n');
}

/** The figures of a page that was written before. */
export function readPage(page: string): Figures {
  const figures = new Map<string, number>();
  for (const { name } of kinds) {
    const row = page
      .split('\n')
      .find((line) => line.startsWith(`| ${name} |`) || line.startsWith(`| ${name} `));
    const value = row?.split('|')[2]?.trim().split(' ')[0]?.replaceAll(',', '');
    if (value !== undefined && /^\d+(\.\d+)?$/.test(value)) figures.set(name, Number(value));
  }
  return figures;
}

/** What is worse than before, in words; also a count that was there and is not any more. */
export function worsened(now: Figures, before: Figures): string[] {
  return kinds.flatMap(({ name, worse }) => {
    const [is, was] = [now.get(name), before.get(name)];
    if (worse === null || was === undefined) return [];
    if (is === undefined) return [`${name}: was ${was}, and is not known any more`];
    return (worse === 'less' ? is < was : is > was) ? [`${name}: was ${was}, is ${is}`] : [];
  });
}
