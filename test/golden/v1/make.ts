/**
 * Made the files beside it, once, with fixed keys and salts. They are kept for good and never made again: what this
 * version wrote, every later version must read. Run it only to see how: `node test/golden/v1/make.ts DIR`.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { hmac, prepareKey, sha256 } from '../../../src/main/engine/crypto.ts';
import { deriveKeys } from '../../../src/main/engine/keys/masterKey.ts';
import { encodeKeySlots } from '../../../src/main/engine/keys/slotFile.ts';
import { sealSlot } from '../../../src/main/engine/keys/slots.ts';
import { FrameBuilder } from '../../../src/main/engine/pack/frameBuilder.ts';
import { PackWriter } from '../../../src/main/engine/pack/packWriter.ts';
import { deflatedChunk, goldenChunks, goldenMasterKey, goldenPassphrase, goldenWriter } from './content.ts';

/** The same bytes each time, so that the files are the same each time. Never to be used for anything else. */
function countedEntropy(label: string): (count: number) => Buffer {
  let calls = 0;
  return (count) => sha256(Buffer.from(`${label} ${calls++}`)).subarray(0, count);
}

const dir = process.argv[2] ?? '.';
mkdirSync(dir, { recursive: true });
const master = { epoch: 1, key: goldenMasterKey };
const keys = deriveKeys(master);
const idKey = prepareKey(keys.id);

const slot = await sealSlot(
  master,
  goldenPassphrase,
  { memoryKiB: 65_536, passes: 1, lanes: 1 },
  countedEntropy('slot'),
);
writeFileSync(join(dir, 'keys.json'), encodeKeySlots({ generation: 1, slots: [slot] }));

const pack = new PackWriter({
  kind: 'data',
  keys,
  writer: goldenWriter,
  stagingDir: dir,
  packBytes: 4 * 1024 * 1024,
  entropy: countedEntropy('pack'),
});
const frames = new FrameBuilder((frame) => {
  if (!pack.addFrame(frame)) throw new RangeError('the golden pack is full');
});
for (const chunk of goldenChunks()) frames.add(hmac(idKey, chunk), chunk);
frames.flush();
const chunk = deflatedChunk();
const chunks = [{ id: hmac(idKey, chunk), length: chunk.length }];
pack.addFrame({ codec: 2, stored: deflateRawSync(chunk), rawBytes: chunk.length, chunks });
renameSync(pack.seal('padme').path, join(dir, 'data.pack'));
