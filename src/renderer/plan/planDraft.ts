export const excludeHint =
  'One rule to a line. Patterns as in .gitignore: node_modules/, *.tmp, /Cache. Or @usual (trash, thumbnails and the like), @caches, @larger 2GB, @older 5y.';

/** What a new plan leaves out unless somebody says otherwise. */
export const usualExcludes = '@usual\n@caches';

/** Lines of a field with several, without those that are empty. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
