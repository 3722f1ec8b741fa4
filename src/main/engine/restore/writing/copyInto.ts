import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCode } from '../../failure.ts';
import type { FileWriter } from './fileWriter.ts';

const STRETCH_BYTES = 1024 * 1024;
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);

/** Whether a file of that size was there to be copied. What was copied is for the caller to prove. */
export async function copyInto(writer: FileWriter, from: Buffer, size: number): Promise<boolean> {
  const fd = opened(from);
  if (fd === null) return false;
  try {
    const buffer = Buffer.allocUnsafe(Math.min(size, STRETCH_BYTES));
    for (let at = 0; at < size;) {
      const length = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
      if (length === 0) return false;
      writer.write(buffer.subarray(0, length), at);
      at += length;
      await nextTurn();
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Never through a link that has taken its place, and never waiting for a pipe. */
function opened(path: Buffer): number | null {
  try {
    return openSync(path, READ_FLAGS);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return null;
  }
}
