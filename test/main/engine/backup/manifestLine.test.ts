import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLine,
  encodeLine,
  IDS_PER_LINE,
  type ManifestEntry,
  type ManifestLine,
} from '../../../../src/main/engine/backup/manifestLine.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));
const hexOf = (length: number) => bytes(length).map((b) => b.toString('hex'));
const anyName = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }).map((s) => Buffer.from(s, 'utf8')),
  fc.uint8Array({ minLength: 1, maxLength: 255 }).map((b) => Buffer.from(b)),
);
const u32 = fc.nat({ max: 0xffff_ffff });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const common = {
  name: anyName,
  mode: fc.nat({ max: 0o7777 }),
  uid: u32,
  gid: u32,
  mtime: fc.record({ s: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), ns: fc.nat({ max: 999_999_999 }) }),
};
const entry: fc.Arbitrary<ManifestEntry> = fc.oneof(
  fc.record({ ...common, type: fc.constant('folder' as const) }),
  fc.record({ ...common, type: fc.constant('symlink' as const), link: anyName }),
  fc
    .record({
      ...common,
      type: fc.constant('file' as const),
      size: count,
      shown: fc.nat({ max: 20 }),
      hash: bytes(32),
      sparse: fc.boolean(),
      inode: fc.option(count),
      inconsistent: fc.boolean(),
    })
    .map(({ shown, ...rest }) => ({ ...rest, chunks: shown, ids: Buffer.alloc(shown * 32, shown) })),
);
const frame = fc
  .record({
    stored: u32,
    codec: fc.nat({ max: 2 }),
    lengths: fc.array(fc.nat({ max: 2 ** 20 }), { maxLength: 9 }),
  })
  .map((f) => ({
    ...f,
    raw: f.lengths.reduce((a, b) => a + b, 0),
    ids: Buffer.alloc(f.lengths.length * 32, 7),
  }));
const line: fc.Arbitrary<ManifestLine> = fc.oneof(
  fc.record({
    kind: fc.constant('head' as const),
    snapshot: hexOf(16),
    base: fc.boolean(),
    parent: fc.option(hexOf(16)),
    plan: fc.record({ id: hexOf(16), name: fc.string(), createdAt: count }),
    writer: hexOf(16),
    epoch: count,
    previous: fc.option(hexOf(32)),
    host: fc.string(),
    platform: fc.string(),
    startedAt: count,
    endedAt: count,
  }),
  fc.record({ kind: fc.constant('source' as const), path: anyName }),
  fc.record({ kind: fc.constant('exclude' as const), pattern: fc.string() }),
  fc.record({
    kind: fc.constant('pack' as const),
    uid: hexOf(16),
    size: count,
    treeHash: bytes(32),
    archiveId: fc.string(),
    header: bytes(128),
  }),
  fc.record({ kind: fc.constant('frames' as const), frames: fc.array(frame, { maxLength: 5 }) }),
  fc.record({
    kind: fc.constant('folder' as const),
    number: fc.integer({ min: 1, max: 2 ** 31 }),
    parent: u32,
    name: anyName,
  }),
  fc.record({ kind: fc.constant('put' as const), entry }),
  fc.record({
    kind: fc.constant('more' as const),
    ids: fc.nat({ max: 9 }).map((n) => Buffer.alloc(n * 32, 3)),
  }),
  fc.record({ kind: fc.constant('gone' as const), name: anyName }),
  fc.record({
    kind: fc.constant('end' as const),
    counts: fc.record({ packs: count, frames: count, folders: count, puts: count, gone: count }),
  }),
);

describe('manifest lines', () => {
  it('come back from their text exactly, whatever bytes the names hold', () => {
    fc.assert(
      fc.property(line, (sample) => {
        expect(decodeLine(encodeLine(sample))).toEqual(sample);
      }),
    );
  });

  it('hold no line break, so that a line is a line', () => {
    fc.assert(fc.property(line, (sample) => !encodeLine(sample).includes('\n')));
  });

  it('are refused, never misread, when they are mutated', () => {
    fc.assert(
      fc.property(line, fc.nat(), fc.string({ maxLength: 3 }), (sample, at, junk) => {
        const text = encodeLine(sample);
        const cut = at % (text.length + 1);
        try {
          decodeLine(text.slice(0, cut) + junk + text.slice(cut + 1));
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['no JSON', 'x'],
    ['an array', '[]'],
    ['an unknown kind', '{"what":1}'],
    ['a newer manifest', '{"manifest":2}'],
    [
      'a file with fewer ids than chunks',
      JSON.stringify({
        put: {
          name: 'a',
          type: 'file',
          mode: 0,
          uid: 0,
          gid: 0,
          mtime: [0, 0],
          size: 1,
          chunks: 1,
          ids: '',
          hash: Buffer.alloc(32).toString('base64'),
        },
      }),
    ],
    ['an empty name', '{"gone":{"name":""}}'],
    ['too long a line', `{"more":"${'A'.repeat(IDS_PER_LINE * 32 * 8)}"}`],
  ])('refuse %s', (_, text) => {
    expect(() => decodeLine(text)).toThrow(EngineError);
  });
});
