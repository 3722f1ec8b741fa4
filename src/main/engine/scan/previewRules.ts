/** What rules leave out of sources, with counts and bytes, before anybody relies on them. Only looks at names and sizes. */
import type { RulesPreview } from '../../../shared/types.ts';
import type { FoundEntry } from '../entry.ts';
import { isCache, CACHE_TAG } from './cacheTag.ts';
import type { Root } from './root.ts';
import { type IsExcluded, parseRules, type RuleFacts } from './rules.ts';
import { readRuleWord } from './ruleWords.ts';
import { type FoundFolder, walk } from './walk.ts';

const MOST_EXAMPLES = 5;

interface Tally {
  files: number;
  bytes: number;
  readonly examples: string[];
}

/**
 * Walks everything, also what is left out. What several rules leave out counts for the last of them, as it decides.
 * @param within ms after which what was seen so far has to do
 */
export async function previewRules(
  roots: readonly Root[],
  excludes: readonly string[],
  within: number,
): Promise<RulesPreview> {
  const judge = new Judge(excludes);
  const kept: Tally = { files: 0, bytes: 0, examples: [] };
  const out: Tally[] = excludes.map(() => ({ files: 0, bytes: 0, examples: [] }));
  const stopAt = performance.now() + within;
  let isPartial = false;
  for (const root of roots) {
    for await (const folder of walk(root)) {
      for (const { entry, rule } of judge.entries(folder)) {
        const tally = rule === null ? kept : out[rule];
        if (tally !== undefined) count(tally, entry, folder.path);
      }
      isPartial = performance.now() > stopAt;
      if (isPartial) break;
    }
    if (isPartial) break;
  }
  return {
    files: kept.files,
    bytes: kept.bytes,
    rules: excludes.map((rule, i) => ({ rule, ...(out[i] ?? { files: 0, bytes: 0, examples: [] }) })),
    isPartial,
  };
}

function count(tally: Tally, entry: FoundEntry, folder: Buffer): void {
  if (entry.kind === 'folder') return;
  tally.files++;
  tally.bytes += entry.kind === 'file' ? entry.size : 0;
  if (tally.examples.length < MOST_EXAMPLES)
    tally.examples.push(`${folder.toString()}/${entry.name.toString()}`);
}

/** Says of each entry by which rule it is left out; a folder takes what is below it along. */
class Judge {
  readonly #all;
  readonly #single;
  /** The last of the rules that leave caches out, -1 for none. */
  readonly #caches: number;
  /** Folders that are left out and were not visited yet, and by which rule. */
  readonly #out = new Map<string, number>();

  constructor(excludes: readonly string[]) {
    this.#all = parseRules(excludes);
    this.#single = excludes.map((line) => parseRules([line]));
    this.#caches = excludes.findLastIndex((line) => readRuleWord(line)?.word === 'caches');
  }

  *entries({ path, names, entries }: FoundFolder): Generator<{ entry: FoundEntry; rule: number | null }> {
    const key = keyOf(path);
    const above = this.#out.get(key);
    this.#out.delete(key);
    const isExcluded = this.#all.below(names);
    const single = this.#single.map((rules) => rules.below(names));
    const isTagged = (name: Buffer): boolean => name.toString() === CACHE_TAG;
    const isLeftCache = this.#caches !== -1 && entries.some(({ name }) => isTagged(name)) && isCache(path);
    for (const entry of entries) {
      const rule =
        above ?? (isLeftCache && !isTagged(entry.name) ? this.#caches : ruleFor(entry, isExcluded, single));
      if (rule !== null && entry.kind === 'folder') this.#out.set(keyOf(path, entry.name), rule);
      yield { entry, rule };
    }
  }
}

function ruleFor(entry: FoundEntry, isExcluded: IsExcluded, single: readonly IsExcluded[]): number | null {
  const facts: RuleFacts = {
    kind: entry.kind === 'symlink' ? 'other' : entry.kind,
    size: entry.kind === 'file' ? entry.size : 0,
    changedAt: entry.mtime.s * 1000,
  };
  if (!isExcluded(entry.name, facts)) return null;
  return single.findLastIndex((one) => one(entry.name, facts));
}

function keyOf(path: Buffer, name?: Buffer): string {
  const folder = path.toString('latin1');
  if (name === undefined) return folder;
  return `${folder === '/' ? '' : folder}/${name.toString('latin1')}`;
}
