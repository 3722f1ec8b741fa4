/** What is in the golden pack, worked out anew from nothing but this page. */
import { createHash } from 'node:crypto';

export const goldenPassphrase = 'golden passphrase, version 1';
export const goldenMasterKey = Buffer.from(Array.from({ length: 32 }, (_, i) => 0x10 + i));
export const goldenWriter = Buffer.from('ffeeddccbbaa99887766554433221100', 'hex');

/** SHA-256 of label and counter, joined: does not shrink. */
function noise(length: number, label: string): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(`${label} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

function text(length: number, label: string): Buffer {
  let lines = '';
  for (let i = 0; lines.length < length; i++) lines += `${label}: line ${i * i} of a text that shrinks\n`;
  return Buffer.from(lines.slice(0, length));
}

/** Chunks in the order they were added: groups of text, a long one of zeros, noise across the first segment's end. */
export function goldenChunks(): Buffer[] {
  const small = Array.from({ length: 24 }, (_, i) => text(1 + i * 977, `small ${i}`));
  return [
    ...small,
    text(200_000, 'large'),
    Buffer.alloc(1024 * 1024),
    noise(900_000, 'noise'),
    noise(300_000, 'more noise'),
    Buffer.from('x'),
  ];
}

/** The chunk of the frame under codec 2. */
export function deflatedChunk(): Buffer {
  return text(150_000, 'deflated');
}
