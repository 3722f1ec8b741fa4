import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManifestWriter, readManifest } from '../../../../src/main/engine/backup/manifest.ts';
import type { ManifestLine } from '../../../../src/main/engine/backup/manifestLine.ts';
import { prepareKey } from '../../../../src/main/engine/crypto.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { createMasterKey, deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import { chunkAt, frameAt } from '../../../../src/main/engine/pack/index.ts';
import { decodeFrame, openPack } from '../../../../src/main/engine/pack/packReader.ts';
import { PackWriter } from '../../../../src/main/engine/pack/packWriter.ts';
import { SEGMENT_BYTES } from '../../../../src/main/engine/pack/segment.ts';
import { verifyPack } from '../../../../src/main/engine/pack/verify.ts';

const keys = deriveKeys(createMasterKey());
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-manifest-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const head: ManifestLine = {
  kind: 'head',
  snapshot: '00'.repeat(16),
  base: true,
  parent: null,
  plan: {
    id: '11'.repeat(16),
    name: 'docs',
    createdAt: 1,
  },
  writer: '22'.repeat(16),
  epoch: 1,
  previous: null,
  host: 'here',
  platform: 'linux',
  startedAt: 1,
  endedAt: 2,
};

function put(i: number): ManifestLine {
  const common = { name: Buffer.from(`file ${i}`), mode: 0o644, uid: 1, gid: 1, mtime: { s: i, ns: i } };
  const content = { size: 10, chunks: 1, ids: Buffer.alloc(32, i), hash: Buffer.alloc(32, i + 1) };
  return {
    kind: 'put',
    entry: { ...common, type: 'file', ...content, sparse: false, inode: null, inconsistent: false },
  };
}

/** All chunks of a pack, in index order. */
function chunksOf(path: string): Buffer[] {
  const { index, header } = verifyPack(path, keys);
  const bytes = readFileSync(path);
  const segments = bytes.length / SEGMENT_BYTES;
  const pack = openPack(header, keys);
  const body = Buffer.concat(
    Array.from({ length: segments }, (_, n) =>
      pack.openSegment(n, n === segments - 1, bytes.subarray(n * SEGMENT_BYTES, (n + 1) * SEGMENT_BYTES)),
    ),
  );
  return Array.from({ length: index.chunks }, (_, i) => {
    const chunk = chunkAt(index, i);
    const frame = frameAt(index, chunk.frame);
    const raw = decodeFrame(frame, body.subarray(frame.offset, frame.offset + frame.storedBytes), 'test');
    return Buffer.from(raw.subarray(chunk.offset, chunk.offset + chunk.length));
  });
}

describe('a manifest', () => {
  it('of many lines comes back from its pack line by line', () => {
    const pack = new PackWriter({
      kind: 'manifest',
      keys,
      writer: Buffer.alloc(16, 7),
      stagingDir: dir,
      packBytes: 64 * SEGMENT_BYTES,
    });
    const lines = [head, { kind: 'folder', number: 0, parent: 0, name: Buffer.alloc(0) } as const];
    const all: ManifestLine[] = [...lines, ...Array.from({ length: 9000 }, (_, i) => put(i % 250))];
    const manifest = new ManifestWriter(pack, prepareKey(keys.id));
    for (const line of all) manifest.add(line);
    const chunks = chunksOf(manifest.finish().path);
    expect(chunks.length).toBeGreaterThan(3);
    const read = [...readManifest(chunks)];
    expect(read.slice(0, -1)).toEqual(all);
    expect(read.at(-1)).toEqual({
      kind: 'end',
      counts: { packs: 0, frames: 0, folders: 1, puts: 9000, gone: 0 },
    });
  });

  it.each([
    ['is empty', []],
    ['is cut off', ['{"folder":0}\n{"gone"']],
    ['begins with something else', ['{"folder":0}\n']],
    ['has no end', [`${JSON.stringify({ ...head, kind: undefined, manifest: 1 })}\n`]],
    [
      'counts wrong',
      [
        `${JSON.stringify({ ...head, kind: undefined, manifest: 1 })}\n`,
        '{"end":{"packs":1,"frames":0,"folders":0,"puts":0,"gone":0}}\n',
      ],
    ],
  ])('is refused when it %s', (_, texts) => {
    const chunks = texts.map((text) => Buffer.from(text));
    expect(() => [...readManifest(chunks)]).toThrow(EngineError);
  });
});
