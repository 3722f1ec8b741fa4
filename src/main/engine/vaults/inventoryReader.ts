/**
 * Reads the output of an inventory job as it comes in, in either of its two forms, holding no more than one archive's
 * entry: the inventory of a million archives is some 300 MB.
 *
 * JSON is an object with the list of archives in it. Its text is followed letter by letter only as far as is needed
 * to cut out one entry after the other (strings, and how deep brackets are nested); each entry, and what is left of the object
 * around them, are then parsed as JSON proper.
 *
 * CSV is written by the service with `"` as `\"` inside descriptions but with `\` as it is, so that no common reader
 * gets it right. The other columns have neither comma nor quote: the id is what stands before the first comma, size,
 * date and hash what stands after the last three, and the description is the rest.
 */
import { EngineError } from '../failure.ts';

/** One archive as an inventory lists it. */
export interface ListedArchive {
  readonly archiveId: string;
  readonly description: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly size: number;
  /** 64 hex digits. */
  readonly treeHash: string;
}

export interface InventoryReader {
  /** Takes the next bytes; returns the archives that are complete now. @throws EngineError `corrupt` */
  push(bytes: Buffer): ListedArchive[];
  /** Takes the end; returns archives that were still missing it. @throws EngineError `corrupt` when it was cut off */
  end(): ListedArchive[];
  /** What the inventory says of itself, once `end` was called; CSV says nothing. */
  head(): { readonly arn: string | null; readonly takenAt: number | null };
}

export type InventoryFormat = 'json' | 'csv';

export function readInventory(format: InventoryFormat): InventoryReader {
  return format === 'json' ? new JsonReader() : new CsvReader();
}

/** Bytes of one entry, and of everything around the entries. The service's own stay below 2 KiB. */
const MOST_PIECE_BYTES = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LINE_FEED = 0x0a;

/** Bytes that belong together and may come in several pieces. */
class Gathered {
  #pieces: Buffer[] = [];
  #length = 0;

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length > MOST_PIECE_BYTES) throw senseless();
    // The bytes are not ours to keep: whoever pushed them may use their buffer again.
    this.#pieces.push(Buffer.from(piece));
  }

  take(last: Buffer): Buffer {
    if (this.#pieces.length === 0) return last;
    this.add(last);
    const all = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return all;
  }
}

const nothing = Buffer.alloc(0);

class JsonReader implements InventoryReader {
  /** The object without the entries of its list. */
  readonly #around = new Gathered();
  readonly #entry = new Gathered();
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  /** Where we are: before the list of archives, between two of its entries, in one, or after it. */
  #at: 'before' | 'between' | 'inside' | 'after' = 'before';
  /** Between entries: what has to come next. */
  #expected: 'entry' | 'entry or end' | 'comma or end' = 'entry or end';
  /** The last key or text at the object's own level. */
  #key = '';
  #head: Readonly<Record<string, unknown>> = {};

  push(bytes: Buffer): ListedArchive[] {
    const found: ListedArchive[] = [];
    let start = 0;
    for (let i = 0; i < bytes.length; i++) {
      const letter = bytes[i] ?? 0;
      if (this.#isString) {
        this.#inString(letter);
        continue;
      }
      if (this.#at === 'between') {
        const next = this.#afterGap(letter);
        if (next === 'between') continue;
        this.#at = next;
        start = i;
      }
      if (letter === QUOTE) {
        this.#isString = true;
        this.#key = '';
      } else if (letter === OPEN_BRACE || letter === OPEN_BRACKET) {
        this.#depth++;
        if (this.#at === 'before' && this.#isListOpening(letter)) {
          this.#around.add(bytes.subarray(start, i + 1));
          this.#at = 'between';
          start = i + 1;
        }
      } else if (letter === CLOSE_BRACE || letter === CLOSE_BRACKET) {
        this.#depth--;
        if (this.#depth < 0) throw senseless();
        if (this.#at === 'inside' && this.#depth === 2) {
          found.push(readEntry(this.#entry.take(bytes.subarray(start, i + 1))));
          this.#at = 'between';
          this.#expected = 'comma or end';
          start = i + 1;
        }
      }
    }
    if (this.#at === 'inside') this.#entry.add(bytes.subarray(start));
    else if (this.#at !== 'between') this.#around.add(bytes.subarray(start));
    return found;
  }

  end(): ListedArchive[] {
    if (this.#at !== 'after' || this.#depth !== 0) throw senseless();
    const head = parseJson(this.#around.take(nothing).toString());
    if (typeof head !== 'object' || head === null) throw senseless();
    this.#head = head as Record<string, unknown>;
    return [];
  }

  head(): ReturnType<InventoryReader['head']> {
    const { VaultARN: arn, InventoryDate: date } = this.#head;
    const takenAt = typeof date === 'string' ? Date.parse(date) : NaN;
    return { arn: typeof arn === 'string' ? arn : null, takenAt: Number.isNaN(takenAt) ? null : takenAt };
  }

  #inString(letter: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (letter === BACKSLASH) this.#isEscaped = true;
    else if (letter === QUOTE) this.#isString = false;
    else if (this.#depth === 1 && this.#key.length < 64) this.#key += String.fromCharCode(letter);
  }

  /** Only entries, single commas and white space stand in the list. */
  #afterGap(letter: number): 'between' | 'inside' | 'after' {
    if (letter === OPEN_BRACE && this.#expected !== 'comma or end') return 'inside';
    if (letter === CLOSE_BRACKET && this.#expected !== 'entry') return 'after';
    if (letter === COMMA && this.#expected === 'comma or end') this.#expected = 'entry';
    else if (letter !== 0x20 && letter !== 0x09 && letter !== 0x0d && letter !== LINE_FEED) throw senseless();
    return 'between';
  }

  #isListOpening(letter: number): boolean {
    return letter === OPEN_BRACKET && this.#depth === 2 && this.#key === 'ArchiveList';
  }
}

class CsvReader implements InventoryReader {
  readonly #line = new Gathered();
  #isHeadRead = false;

  push(bytes: Buffer): ListedArchive[] {
    const found: ListedArchive[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      this.#take(this.#line.take(bytes.subarray(start, end)), found);
      start = end + 1;
    }
    this.#line.add(bytes.subarray(start));
    return found;
  }

  end(): ListedArchive[] {
    const found: ListedArchive[] = [];
    this.#take(this.#line.take(nothing), found);
    if (!this.#isHeadRead) throw senseless();
    return found;
  }

  head(): ReturnType<InventoryReader['head']> {
    return { arn: null, takenAt: null };
  }

  #take(bytes: Buffer, found: ListedArchive[]): void {
    const line = bytes.toString().replace(/\r$/, '');
    if (line === '') return;
    if (this.#isHeadRead) found.push(readLine(line));
    else if (/^"?ArchiveId"?,/.test(line)) this.#isHeadRead = true;
    else throw senseless();
  }
}

function readLine(line: string): ListedArchive {
  const found = /^"?([^",]+)"?,(.*),"?([^",]+)"?,"?(\d{1,15})"?,"?([^",]+)"?$/.exec(line);
  if (found === null) throw senseless();
  const [, archiveId = '', quoted = '', date = '', size = '', treeHash = ''] = found;
  const description = /^".*"$/.test(quoted) ? quoted.slice(1, -1) : quoted;
  return checked(archiveId, description.replaceAll(String.raw`\"`, '"'), date, Number(size), treeHash);
}

function readEntry(text: Buffer): ListedArchive {
  const entry = parseJson(text.toString()) as Readonly<Record<string, unknown>>;
  return checked(
    entry['ArchiveId'],
    entry['ArchiveDescription'] ?? '',
    entry['CreationDate'],
    entry['Size'],
    entry['SHA256TreeHash'],
  );
}

/** Accepts what the service can have meant, nothing else: what is deleted and paid by these figures must be right. */
function checked(
  archiveId: unknown,
  description: unknown,
  date: unknown,
  size: unknown,
  treeHash: unknown,
): ListedArchive {
  if (typeof archiveId !== 'string' || !/^[A-Za-z0-9_-]{1,1024}$/.test(archiveId)) throw senseless();
  if (typeof description !== 'string') throw senseless();
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw senseless();
  if (typeof treeHash !== 'string' || !/^[0-9a-f]{64}$/i.test(treeHash)) throw senseless();
  const createdAt = typeof date === 'string' ? Date.parse(date) : NaN;
  if (Number.isNaN(createdAt)) throw senseless();
  return { archiveId, description, createdAt, size, treeHash: treeHash.toLowerCase() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw senseless();
  }
}

function senseless(): EngineError {
  return new EngineError(
    'corrupt',
    'What the service sent is not the inventory of a vault.',
    'Read it again; if it happens again, ask for a new inventory.',
    { safe: 'The inventory that was kept before is untouched.' },
  );
}
