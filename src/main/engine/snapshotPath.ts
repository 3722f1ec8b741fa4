/**
 * Paths inside a snapshot. Its top is the list of source folders, each under its full path as one name; below that,
 * names are single. `names` is such a path taken apart: `[source, name, name, …]`, all as bytes.
 */

const SLASH = 0x2f;

/** Joins names to one path; the exact inverse of `splitPath` for the same sources. */
export function joinPath(names: readonly Buffer[]): Buffer {
  const [source, ...below] = names;
  if (source === undefined) return Buffer.alloc(0);
  const parts: Buffer[] = [source];
  for (const name of below) {
    if (parts.length > 1 || source.at(-1) !== SLASH) parts.push(Buffer.from('/'));
    parts.push(name);
  }
  return Buffer.concat(parts);
}

/** Takes a full path apart below the source that holds it; null when none does. */
export function splitPath(path: Buffer, sources: readonly Buffer[]): Buffer[] | null {
  const trimmed = withoutTrailingSlashes(path);
  const source = sources.find((s) => s.equals(trimmed) || isInside(trimmed, s));
  if (source === undefined) return null;
  const below = trimmed.subarray(source.length);
  return [source, ...splitNames(below)];
}

/**
 * Finds what a person meant by `text`: a full path below a source; or a path that begins with a source folder's own
 * name; or a path below a source. Several answers mean that it is ambiguous.
 */
export function guessPaths(text: string, sources: readonly Buffer[]): readonly Buffer[][] {
  const path = Buffer.from(text);
  const full = splitPath(path, sources);
  if (full !== null) return [full];
  const names = splitNames(withoutTrailingSlashes(path)).filter((name) => name.toString() !== '.');
  const [first, ...rest] = names;
  if (first === undefined) return sources.map((source) => [source]);
  const named = sources.filter((source) => baseName(source).equals(first));
  return [...named.map((source) => [source, ...rest]), ...sources.map((source) => [source, ...names])];
}

/** The last name of a source's full path; `root` for the root folder itself. */
export function baseName(source: Buffer): Buffer {
  const names = splitNames(source);
  return names.at(-1) ?? Buffer.from('root');
}

/**
 * Names for the folders that a restore makes, one per source: its own name, made distinct by a number where two
 * sources share one.
 */
export function folderNames(sources: readonly Buffer[]): Buffer[] {
  const taken = new Set<string>();
  return sources.map((source) => {
    const own = baseName(source);
    let name = own;
    for (let n = 2; taken.has(name.toString('latin1')); n++) {
      name = Buffer.concat([own, Buffer.from(` (${n})`)]);
    }
    taken.add(name.toString('latin1'));
    return name;
  });
}

/** Whether `path` lies below `folder`; both absolute. Not equal. */
export function isInside(path: Buffer, folder: Buffer): boolean {
  const prefix = folder.at(-1) === SLASH ? folder : Buffer.concat([folder, Buffer.from('/')]);
  return path.length > prefix.length && path.subarray(0, prefix.length).equals(prefix);
}

function splitNames(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let at = 0; at < path.length;) {
    const slash = path.indexOf(SLASH, at);
    const end = slash === -1 ? path.length : slash;
    if (end > at) names.push(path.subarray(at, end));
    at = end + 1;
  }
  return names;
}

function withoutTrailingSlashes(path: Buffer): Buffer {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end--;
  return path.subarray(0, end);
}
