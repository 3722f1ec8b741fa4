/**
 * What other tools write into an archive's description, read as a name. A vault knows no names: each tool puts its own
 * form into the 1,024 printable ASCII characters it has.
 *
 * - FastGlacier (and HBS of QNAP, Synology's converter and others that follow it): XML of three tags, the path in
 *   base64: `<m><v>4</v><p>cGhvdG9zL2EuanBn</p><lm>20190501T100059Z</lm></m>`. A path that ends in `/` is a folder.
 * - mt-aws-glacier: `mt2 ` and base64 (URL letters, unpadded) of JSON with `filename` and `mtime`; early versions `mt1 `.
 * - Permafrost: `a1.…` packs and `k1.…` key slots (pack/description.ts).
 *
 * Everything else is text and its own name. Descriptions come from anybody: nothing here throws, and what does not
 * read as its form says is text.
 */
import type { ArchiveTool } from '../../../shared/archiveTypes.ts';
import { parseDescription } from '../pack/description.ts';

export interface ArchiveName {
  readonly tool: ArchiveTool;
  /** Null where there is nothing that could be one: no description, or a sealed one. */
  readonly name: string | null;
  /** Of the file, as its tool noted it; epoch ms. */
  readonly modifiedAt: number | null;
}

/** Longer than the service allows: not looked into. */
const MOST_LETTERS = 4096;

export function readArchiveName(description: string): ArchiveName {
  if (description === '') return { tool: 'none', name: null, modifiedAt: null };
  if (description.length <= MOST_LETTERS) {
    if (parseDescription(description) !== null) return { tool: 'permafrost', name: null, modifiedAt: null };
    const known = readFastGlacier(description) ?? readMtAws(description);
    if (known !== null) return known;
  }
  return { tool: 'text', name: description, modifiedAt: null };
}

function readFastGlacier(text: string): ArchiveName | null {
  const found = /^<m><v>\d{1,3}<\/v><p>([^<]+)<\/p>(?:<lm>([^<]*)<\/lm>)?<\/m>$/.exec(text);
  if (found === null) return null;
  const [, path = '', time = ''] = found;
  return { tool: 'fastglacier', name: fromBase64(path) ?? path, modifiedAt: readTime(time) };
}

function readMtAws(text: string): ArchiveName | null {
  const spelled = /^mt[12] ([A-Za-z0-9+/_=-]+)$/.exec(text)?.[1];
  const json = spelled === undefined ? null : fromBase64(spelled);
  if (json === null) return null;
  const value = parseObject(json);
  const name = value?.['filename'];
  if (typeof name !== 'string' || name === '') return null;
  return { tool: 'mt-aws-glacier', name, modifiedAt: readTime(value?.['mtime']) };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** UTF-8 in base64 of either alphabet, padded or not; null for anything else. */
function fromBase64(spelled: string): string | null {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(spelled)) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(spelled, 'base64'),
    );
    return text === '' ? null : text;
  } catch {
    return null;
  }
}

/** `20190501T100059Z`, or seconds since 1970. */
function readTime(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value * 1000) ? value * 1000 : null;
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(typeof value === 'string' ? value : '');
  if (found === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = found;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** Bytes of a name of which the description still has room for the rest. */
const MOST_NAME_BYTES = 700;
/** Four digits for the year are all there is room for; file systems know other times. */
const YEAR_0 = Date.parse('0000-01-01T00:00:00Z');
const YEAR_9999 = Date.parse('9999-12-31T23:59:59Z');

/**
 * A description that carries any file's name, in FastGlacier's form: several tools read it, and it has none of the
 * runs of spaces and foreign letters that break signatures. A name too long for it loses its beginning.
 * @param modifiedAt epoch ms; kept to the second, and to the years 0 to 9999
 */
export function writeArchiveName(name: string, modifiedAt: number): string {
  const bytes = Buffer.from(name);
  let first = Math.max(0, bytes.length - MOST_NAME_BYTES);
  while (((bytes[first] ?? 0) & 0xc0) === 0x80) first++;
  const time = new Date(Math.min(Math.max(modifiedAt, YEAR_0), YEAR_9999))
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  return `<m><v>4</v><p>${bytes.toString('base64', first)}</p><lm>${time}</lm></m>`;
}
