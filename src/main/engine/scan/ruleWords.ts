/**
 * Rules of a plan that say more than a pattern can: words that begin with `@`, among its patterns. A name that really
 * begins so is written with a backslash before it.
 */
import { EngineError } from '../failure.ts';

export type RuleWord =
  /** What is in folders that say of themselves that they are caches (CACHEDIR.TAG). */
  | { readonly word: 'caches' }
  /** What systems and programs leave everywhere and make again. */
  | { readonly word: 'usual' }
  /** Files of more bytes. */
  | { readonly word: 'larger'; readonly bytes: number }
  /** Files that were last changed so long ago. */
  | { readonly word: 'older'; readonly ms: number };

/** Patterns behind `@usual`: things of Linux desktops, macOS and Windows that hold nothing of a person. */
export const usualPatterns: readonly string[] = [
  ...['.DS_Store', '.AppleDouble', '.Spotlight-V100/', '.Trashes/', '.fseventsd/', '.TemporaryItems/'],
  ...[
    'Thumbs.db',
    'desktop.ini',
    '$RECYCLE.BIN/',
    'System Volume Information/',
    'pagefile.sys',
    'hiberfil.sys',
  ],
  ...['lost+found/', '.Trash-*/', '.cache/', '.gvfs/', '.thumbnails/', '~$*', '.~lock.*#'],
];

const UNITS: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4 },
};
const DAY_MS = 86_400_000;
const AGES: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30, y: 365 };

/** Null for a pattern. @throws EngineError `invalid` for a word that means nothing */
export function readRuleWord(line: string): RuleWord | null {
  if (!line.startsWith('@')) return null;
  const [word, ...rest] = line.slice(1).trim().toLowerCase().split(/\s+/);
  const value = rest.join('');
  if ((word === 'caches' || word === 'usual') && value === '') return { word };
  if (word === 'larger') {
    const [, count, unit] = /^(\d+(?:\.\d+)?)([kmgt]?i?b)$/.exec(value) ?? [];
    const bytes = Math.floor(Number(count) * (UNITS[unit ?? ''] ?? NaN));
    if (Number.isSafeInteger(bytes)) return { word, bytes };
  }
  if (word === 'older') {
    const [, count, unit] = /^(\d{1,4})([dwmy])$/.exec(value) ?? [];
    const days = Number(count) * (AGES[unit ?? ''] ?? NaN);
    if (days > 0) return { word, ms: days * DAY_MS };
  }
  throw new EngineError(
    'invalid',
    `“${line}” is not a rule.`,
    'Write a pattern as in .gitignore, or @caches, @usual, @larger 2GB, @older 5y. A name that begins with @ gets a backslash before it.',
  );
}
