/**
 * Exclude rules of a plan: gitignore syntax, on paths relative to the source folder.
 *
 * Rules are text and names are bytes, so for matching (and for nothing else) a name is decoded as UTF-8 with the
 * replacement character for what is not. Upper and lower case differ, as they do in names.
 */
import ignore, { type Ignore } from 'ignore';

/** Answers for the names in one folder. */
export type IsExcluded = (name: Buffer, isFolder: boolean) => boolean;

export interface Rules {
  /** @param names the folder's path below the source folder; none of its folders may be excluded itself */
  below(names: readonly Buffer[]): IsExcluded;
}

/**
 * The library remembers every path it was ever asked about; after so many questions it starts afresh, so that
 * memory does not grow with the source.
 */
const QUESTIONS_PER_MATCHER = 10_000;

/** @param patterns one rule each, in order; comments, blank and malformed ones exclude nothing */
export function parseRules(patterns: readonly string[]): Rules {
  if (patterns.length === 0) return { below: () => () => false };
  let matcher = ignore({ ignoreCase: false }).add(patterns);
  let questions = 0;
  return {
    below(names) {
      const folder = names.map((name) => `${name.toString('utf8')}/`).join('');
      return (name, isFolder) => {
        questions += 1;
        if (questions % QUESTIONS_PER_MATCHER === 0) {
          matcher = ignore({ ignoreCase: false }).add(patterns);
          rememberFolders(matcher, folder);
        }
        return matcher.ignores(`${folder}${name.toString('utf8')}${isFolder ? '/' : ''}`);
      };
    },
  };
}

/** A fresh matcher asks itself about every folder above, recursively: from the top down it never goes deep. */
function rememberFolders(matcher: Ignore, folder: string): void {
  for (let end = folder.indexOf('/'); end >= 0; end = folder.indexOf('/', end + 1)) {
    matcher.ignores(folder.slice(0, end + 1));
  }
}
