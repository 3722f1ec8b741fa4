import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import { parseKeySlots } from '../../../../src/main/engine/keys/slotFile.ts';
import { openSlots } from '../../../../src/main/engine/keys/slots.ts';
import { parseHeader } from '../../../../src/main/engine/pack/header.ts';
import { verifyPack } from '../../../../src/main/engine/pack/verify.ts';
import {
  deflatedChunk,
  goldenChunks,
  goldenMasterKey,
  goldenPassphrase,
  goldenWriter,
} from '../../../golden/v1/content.ts';
import { readAsStranger } from './strangerReader.ts';

const path = (name: string) => fileURLToPath(new URL(`../../../golden/v1/${name}`, import.meta.url));
const file = readFileSync(path('data.pack'));

describe('files of format version 1', () => {
  it('are the ones that were written then', () => {
    const digest = (name: string) =>
      createHash('sha256')
        .update(readFileSync(path(name)))
        .digest('hex');
    expect(digest('data.pack')).toBe('e250144d3f6d1a5240b4ed940f6a38210f0767daf89f36202cdd638992da9a34');
    expect(digest('keys.json')).toBe('50d595c859690a1001a9b49c99dc8a98250ce99df65bd6de3c06d671331a6b34');
  });

  it('open with the passphrase, and the pack proves itself', async () => {
    const [master] = await openSlots(parseKeySlots(readFileSync(path('keys.json'))), goldenPassphrase);
    expect(master).toEqual({ epoch: 1, key: goldenMasterKey });
    const verified = verifyPack(path('data.pack'), deriveKeys(master!));
    expect(verified.trailer).toMatchObject({ kind: 'data', chunks: goldenChunks().length + 1 });
    expect(parseHeader(verified.header)).toMatchObject({ keyEpoch: 1, writer: goldenWriter });
  });

  it('hold what was put in', () => {
    const read = readAsStranger(file, goldenMasterKey);
    expect(file).toHaveLength(2 * 1024 * 1024);
    expect(new Set(read.codecs)).toEqual(new Set([0, 1, 2]));
    const sorted = (chunks: Buffer[]) => Buffer.concat([...chunks].sort(Buffer.compare));
    const expected = sorted([...goldenChunks(), deflatedChunk()]);
    expect(sorted(read.chunks.map(({ bytes }) => bytes)).equals(expected)).toBe(true);
  });
});
