/**
 * Text as people and programs write it: made-up words used unevenly, names that are repeated within a file and shared
 * within a package, lines of a few shapes. It shrinks about as source code does, alone and in groups, and that is all
 * that is asked of it.
 */
import type { Random } from './random.ts';

const BEGINNINGS = [
  'b',
  'br',
  'd',
  'f',
  'g',
  'gr',
  'h',
  'k',
  'l',
  'm',
  'n',
  'p',
  'pl',
  'r',
  's',
  'st',
  't',
  'v',
  '',
];
const MIDDLES = ['a', 'e', 'i', 'o', 'u', 'ai', 'ee', 'ou'];
const ENDS = ['', '', 'l', 'm', 'n', 'nd', 'r', 'rt', 's', 'st', 't', 'x'];
const COMMON = [
  'get',
  'set',
  'file',
  'name',
  'value',
  'index',
  'count',
  'path',
  'list',
  'size',
  'time',
  'error',
];

const WORDS = 2500;
const NAMES_OF_PACKAGE = 800;
const NAMES_OF_FILE = 24;
const MOST_DEPTH = 4;

/** Shapes of a line: `@` a name, `#` a word, `%` a number; `{` at the end opens a block. */
const LINES = [
  'const @ = @(@, %);',
  'const @ = @.@ ?? @;',
  "let @ = '# # #';",
  '@.@ = @ + %;',
  'if (@.@ === % || !@) {',
  'for (const @ of @.@) {',
  'function @(@, @ = %) {',
  'while (@ < %) {',
  'return @.@((@) => @.@);',
  "throw new Error('# # # # #');",
  'await @(@, { @: %, @: @.@ });',
  "case '#': return @(%);",
  '// # # # # # # # #',
  '// # # # #.',
].map(partsOf);
const CLOSING_SHARE = 0.25;

/** Different words, commonest first. */
export function vocabulary(random: Random): string[] {
  const words = new Set(COMMON);
  while (words.size < WORDS) {
    let word = '';
    for (let syllables = 1 + random.below(3); syllables > 0; syllables--) {
      word += random.pick(BEGINNINGS) + random.pick(MIDDLES) + random.pick(ENDS);
    }
    if (word.length > 2) words.add(word);
  }
  return [...words];
}

/** The names one package has for its things, commonest first. */
export function packageNames(random: Random, words: readonly string[]): string[] {
  return Array.from({ length: NAMES_OF_PACKAGE }, () => {
    let name = random.pickSkewed(words);
    for (let more = random.below(3); more > 0; more--) name += capital(random.pickSkewed(words));
    return name;
  });
}

/** A source file of `length` characters, all of them ASCII. */
export function sourceText(
  random: Random,
  words: readonly string[],
  names: readonly string[],
  length: number,
): string {
  const own = Array.from({ length: NAMES_OF_FILE }, () => random.pickSkewed(names));
  const lines: string[] = [];
  let written = 0;
  let depth = 0;
  while (written < length) {
    let line = '  '.repeat(depth);
    if (depth > 0 && random.unit() < CLOSING_SHARE) {
      depth--;
      line = `${'  '.repeat(depth)}}`;
    } else {
      for (const part of random.pick(LINES)) line += fill(part);
      if (line.endsWith('{')) {
        if (depth === MOST_DEPTH) line += ' }';
        else depth++;
      }
    }
    lines.push(line);
    written += line.length + 1;
  }
  return `${lines.join('\n')}\n`.slice(0, length);

  function fill(part: string): string {
    if (part === '@') return random.below(4) > 0 ? random.pick(own) : random.pickSkewed(names);
    if (part === '#') return random.pickSkewed(words);
    if (part === '%') return String(random.below(3) > 0 ? random.below(16) : random.below(100_000));
    return part;
  }
}

/** Lines as a server logs them, going on from `log`: about `length` characters, whole lines. */
export function logText(random: Random, log: LogState, length: number): string {
  const lines: string[] = [];
  let written = 0;
  while (written < length) {
    log.at += random.below(50);
    const line =
      `${new Date(log.at).toISOString()} ${random.pickSkewed(LEVELS)} ${random.pickSkewed(log.modules)}: ` +
      `${random.pickSkewed(log.messages)} id=${random.below(2 ** 32).toString(16)} ms=${random.below(900)}\n`;
    lines.push(line);
    written += line.length;
  }
  return lines.join('');
}

const LEVELS = ['info ', 'debug', 'warn ', 'error'];

export interface LogState {
  /** Time of the last line, epoch ms. */
  at: number;
  readonly modules: readonly string[];
  readonly messages: readonly string[];
}

export function beginLog(random: Random, words: readonly string[]): LogState {
  const phrase = (length: number) => Array.from({ length }, () => random.pickSkewed(words)).join(' ');
  return {
    at: Date.UTC(2024, 0, 1),
    modules: Array.from({ length: 40 }, () => `${random.pick(words)}.${random.pick(words)}`),
    messages: Array.from({ length: 300 }, () => phrase(3 + random.below(7))),
  };
}

function partsOf(shape: string): string[] {
  return shape.split(/([@#%])/).filter((part) => part !== '');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
