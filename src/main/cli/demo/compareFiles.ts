/** Compares two files byte by byte, with two blocks in memory. */
import { closeSync, constants, openSync, readSync } from 'node:fs';

const BLOCK_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
const ZEROS = Buffer.alloc(PAGE_BYTES);
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Contents {
  readonly isEqual: boolean;
  /** Bytes compared. */
  readonly bytes: number;
  /** Pages of 4 KiB that are not all zero: what a file with holes must keep on disk. Only counted to the first difference. */
  readonly usedPages: number;
}

const ours = Buffer.alloc(BLOCK_BYTES);
const theirs = Buffer.alloc(BLOCK_BYTES);

/**
 * @param breathe called between blocks, so that a big file does not hold everything up. Nothing else may compare
 *   meanwhile: the blocks are there once
 * @throws the system's error if `a` or `b` cannot be opened or read
 */
export async function compareFiles(a: Buffer, b: Buffer, breathe: () => Promise<void>): Promise<Contents> {
  const first = openSync(a, READ);
  try {
    const second = openSync(b, READ);
    try {
      return await compareOpen(first, second, breathe);
    } finally {
      closeSync(second);
    }
  } finally {
    closeSync(first);
  }
}

async function compareOpen(a: number, b: number, breathe: () => Promise<void>): Promise<Contents> {
  let usedPages = 0;
  for (let offset = 0; ;) {
    const length = fill(a, ours, offset);
    const block = ours.subarray(0, length);
    if (!block.equals(theirs.subarray(0, fill(b, theirs, offset))))
      return { isEqual: false, bytes: offset, usedPages };
    usedPages += countUsed(block);
    offset += length;
    if (length < BLOCK_BYTES) return { isEqual: true, bytes: offset, usedPages };
    await breathe();
  }
}

/** Reads until the block is full or the file ends. */
function fill(descriptor: number, block: Buffer, offset: number): number {
  let filled = 0;
  while (filled < block.length) {
    const got = readSync(descriptor, block, filled, block.length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

function countUsed(block: Buffer): number {
  let used = 0;
  for (let at = 0; at < block.length; at += PAGE_BYTES) {
    const page = block.subarray(at, at + PAGE_BYTES);
    if (!page.equals(ZEROS.subarray(0, page.length))) used += 1;
  }
  return used;
}
