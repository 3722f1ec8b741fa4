/**
 * Paths longer than the system takes in one call.
 *
 * A folder tree may be any depth, a path handed to Linux at most PATH_MAX (4,096 bytes, the NUL at its end included).
 * So a longer path is walked in pieces: the folders on the way are opened one inside the other, and what is left is a
 * short path below the last descriptor, `/proc/self/fd/<n>/rest`. A piece never ends in a link that is followed.
 */
import { closeSync, constants, openSync } from 'node:fs';

/** Bytes of the longest path that goes to the system as it is. */
export const LONGEST_PATH = 4095;

const SLASH = 0x2f;
/** Room for `/proc/self/fd/` (14), a descriptor (10 digits) and a slash. */
const PREFIX_BYTES = 25;
const PIECE_BYTES = LONGEST_PATH - PREFIX_BYTES;
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Calls `use` with a path that means the same file as `path` and that the system takes. It is valid only until `use`
 * returns, so `use` must be synchronous. Folders on the way are opened only if `path` is too long as it is.
 *
 * @param room bytes that `use` wants to append to the short path (a slash and a name, say)
 * @throws what the system throws where a folder on the way is missing, is a link or may not be read; where there is no
 *   `/proc` (not Linux) a too long path goes to `use` unchanged and the system refuses it with ENAMETOOLONG
 */
export function withShortPath<T>(path: Uint8Array, use: (short: Buffer) => T, room = 0): T {
  const whole = Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  if (whole.length + room <= LONGEST_PATH || process.platform !== 'linux') return use(whole);
  return useInStages(whole, use, room);
}

function useInStages<T>(path: Buffer, use: (short: Buffer) => T, room: number): T {
  let folder: number | undefined;
  let rest = path;
  try {
    while (rest.length + room > PIECE_BYTES) {
      const end = endOfPiece(rest);
      if (end <= 0) break; // a single name this long is the system's to refuse
      const inner = openSync(below(folder, rest.subarray(0, end)), OPEN_FOLDER);
      if (folder !== undefined) closeSync(folder);
      folder = inner;
      rest = withoutLeadingSlashes(rest.subarray(end));
    }
    return use(below(folder, rest));
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/** Where the longest piece ends that leaves a name behind it: the index of a slash, or 0 or less if there is none. */
function endOfPiece(path: Buffer): number {
  let last = path.length;
  while (last > 0 && path[last - 1] === SLASH) last -= 1;
  return path.lastIndexOf(SLASH, Math.min(PIECE_BYTES, last - 1));
}

function withoutLeadingSlashes(path: Buffer): Buffer {
  let start = 0;
  while (path[start] === SLASH) start += 1;
  return path.subarray(start);
}

function below(folder: number | undefined, path: Buffer): Buffer {
  return folder === undefined ? path : Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), path]);
}
