/**
 * Exclude rules of a plan: gitignore syntax, on paths relative to the source folder, and words for size, age and caches.
 *
 * Rules are text and names are bytes, so for matching (and for nothing else) a name is decoded as UTF-8 with the
 * replacement character for what is not. Upper and lower case differ, as they do in names.
 */
import ignore, { type Ignore } from 'ignore';
import { readRuleWord, type RuleWord, usualPatterns } from './ruleWords.ts';

/** What rules may look at beside the name. */
export interface RuleFacts {
  readonly kind: 'file' | 'folder' | 'other';
  readonly size: number;
  /** Epoch ms. */
  readonly changedAt: number;
}

/** Answers for the names in one folder. */
export type IsExcluded = (name: Buffer, facts: RuleFacts) => boolean;

export interface Rules {
  /** Of folders that say they are caches, only the sign of it is saved. */
  readonly leavesCaches: boolean;
  /** @param names the folder's path below the source folder; none of its folders may be excluded itself */
  below(names: readonly Buffer[]): IsExcluded;
}

/**
 * The library remembers every path it was ever asked about; after so many questions it starts afresh, so that
 * memory does not grow with the source.
 */
const QUESTIONS_PER_MATCHER = 10_000;

/**
 * @param lines one rule each, in order: patterns, of which comments, blank and malformed ones exclude nothing, and words
 *   (ruleWords.ts)
 * @param now that ages are counted from, epoch ms
 * @throws EngineError `invalid` for a word that means nothing
 */
export function parseRules(lines: readonly string[], now = Date.now()): Rules {
  const words = lines.map(readRuleWord);
  const patterns = lines.flatMap((line, i) => {
    const word = words[i] ?? null;
    if (word === null) return [line];
    return word.word === 'usual' ? usualPatterns : [];
  });
  const { mostBytes, oldest } = limitsOf(words, now);
  const isPast = ({ kind, size, changedAt }: RuleFacts): boolean =>
    kind === 'file' && (size > mostBytes || changedAt < oldest);
  const leavesCaches = words.some((word) => word?.word === 'caches');
  if (patterns.length === 0) return { leavesCaches, below: () => (_name, facts) => isPast(facts) };
  let matcher = ignore({ ignoreCase: false }).add(patterns);
  let questions = 0;
  return {
    leavesCaches,
    below(names) {
      const folder = names.map((name) => `${name.toString('utf8')}/`).join('');
      return (name, facts) => {
        if (isPast(facts)) return true;
        questions += 1;
        if (questions % QUESTIONS_PER_MATCHER === 0) {
          matcher = ignore({ ignoreCase: false }).add(patterns);
          rememberFolders(matcher, folder);
        }
        return matcher.ignores(`${folder}${name.toString('utf8')}${facts.kind === 'folder' ? '/' : ''}`);
      };
    },
  };
}

/** Of several words of one kind the strictest holds. */
function limitsOf(words: readonly (RuleWord | null)[], now: number): { mostBytes: number; oldest: number } {
  let mostBytes = Infinity;
  let oldest = -Infinity;
  for (const word of words) {
    if (word?.word === 'larger') mostBytes = Math.min(mostBytes, word.bytes);
    if (word?.word === 'older') oldest = Math.max(oldest, now - word.ms);
  }
  return { mostBytes, oldest };
}

/** A fresh matcher asks itself about every folder above, recursively: from the top down it never goes deep. */
function rememberFolders(matcher: Ignore, folder: string): void {
  for (let end = folder.indexOf('/'); end >= 0; end = folder.indexOf('/', end + 1)) {
    matcher.ignores(folder.slice(0, end + 1));
  }
}
