/**
 * The manifest: the record of one snapshot, written as a pack of its own kind (docs/format.md §5).
 *
 * It is one text of lines, cut every half MiB into chunks, whatever its length; neither writing nor reading it holds
 * more than such a chunk and one line.
 */
import { type PreparedKey, hmac } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { FrameBuilder } from '../pack/frameBuilder.ts';
import type { PackWriter, SealedPack } from '../pack/packWriter.ts';
import { decodeLine, encodeLine, MAX_LINE, type ManifestCounts, type ManifestLine } from './manifestLine.ts';

const CHUNK_BYTES = 512 * 1024;
const NEWLINE = 0x0a;

export class ManifestWriter {
  readonly #pack: PackWriter;
  readonly #idKey: PreparedKey;
  readonly #frames: FrameBuilder;
  readonly #counts = { packs: 0, frames: 0, folders: 0, puts: 0, gone: 0 };
  #pieces: Buffer[] = [];
  #filled = 0;

  /** @param pack of kind manifest and the largest size, still empty; sealed or abandoned by this writer's end */
  constructor(pack: PackWriter, idKey: PreparedKey) {
    this.#pack = pack;
    this.#idKey = idKey;
    this.#frames = new FrameBuilder((frame) => {
      if (!this.#pack.addFrame(frame)) throw new RangeError('a manifest of more than 4 GiB');
    });
  }

  /** Lines in the order of the format: head, the plan's sources and excludes, snapshots forgotten and tagged, packs with their frames, then folders with their puts and gones. */
  add(line: ManifestLine): void {
    countLine(this.#counts, line);
    const bytes = Buffer.from(`${encodeLine(line)}\n`);
    this.#pieces.push(bytes);
    this.#filled += bytes.length;
    while (this.#filled >= CHUNK_BYTES) this.#cut(CHUNK_BYTES);
  }

  /** Writes the last line and seals the pack. */
  finish(): SealedPack {
    this.add({ kind: 'end', counts: this.#counts });
    while (this.#filled > 0) this.#cut(Math.min(this.#filled, CHUNK_BYTES));
    this.#frames.flush();
    return this.#pack.seal('padme');
  }

  #cut(length: number): void {
    const all = Buffer.concat(this.#pieces);
    const chunk = all.subarray(0, length);
    this.#frames.add(hmac(this.#idKey, chunk), chunk);
    this.#pieces = [all.subarray(length)];
    this.#filled = all.length - length;
  }
}

/**
 * Takes a manifest's chunks, in order, apart into its lines.
 * @throws EngineError `corrupt` on a line that cannot be read, a first or last line that is not one, or wrong counts
 */
export function* readManifest(chunks: Iterable<Buffer>): Generator<ManifestLine> {
  const counts = { packs: 0, frames: 0, folders: 0, puts: 0, gone: 0 };
  let isFirst = true;
  let end: ManifestCounts | null = null;
  for (const text of lines(chunks)) {
    if (end !== null) throw broken('it goes on after its end');
    const line = decodeLine(text);
    if (isFirst !== (line.kind === 'head')) throw broken('its first line is missing or comes twice');
    isFirst = false;
    if (line.kind === 'end') end = line.counts;
    else countLine(counts, line);
    yield line;
  }
  if (end === null) throw broken('its end is missing');
  if (JSON.stringify(end) !== JSON.stringify(counts))
    throw broken('it holds fewer or more lines than it says');
}

function countLine(counts: { -readonly [K in keyof ManifestCounts]: number }, line: ManifestLine): void {
  if (line.kind === 'pack') counts.packs++;
  if (line.kind === 'frames') counts.frames += line.frames.length;
  if (line.kind === 'folder') counts.folders++;
  if (line.kind === 'put') counts.puts++;
  if (line.kind === 'gone') counts.gone++;
}

function* lines(chunks: Iterable<Buffer>): Generator<string> {
  let rest = Buffer.alloc(0);
  for (const chunk of chunks) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, at)) {
      yield text.toString('utf8', at, end);
      at = end + 1;
    }
    rest = Buffer.from(text.subarray(at));
    if (rest.length > MAX_LINE * 4) throw broken('a line is too long');
  }
  if (rest.length > 0) throw broken('its last line is cut off');
}

function broken(why: string): EngineError {
  return new EngineError(
    'corrupt',
    `A snapshot's record cannot be read: ${why}.`,
    'Run the restore from another snapshot; the data of this one may still be recovered from its packs.',
  );
}
