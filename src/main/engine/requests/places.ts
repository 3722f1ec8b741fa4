import { realpathSync } from 'node:fs';
import { dirname, join, basename, relative, isAbsolute } from 'node:path';
import { EngineError } from '../failure.ts';

/**
 * Refuses a folder that is the profile folder, lies inside it, or (for archives and restores) would mix with it.
 * Links are resolved first, so that a link cannot lead where the path does not.
 */
export function assertApart(path: string, profile: string, what: string): void {
  if (contains(resolved(profile), resolved(path))) {
    throw new EngineError(
      'invalid',
      `${what} ${path} lies inside the profile folder ${profile}.`,
      'Choose a folder outside it.',
    );
  }
}

/** Whether two paths lead to one place, links resolved. */
export function samePath(a: string, b: string): boolean {
  return resolved(a) === resolved(b);
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return (
    way === '' || (way !== '..' && !way.startsWith('../') && !way.startsWith('..\\') && !isAbsolute(way))
  );
}

/** The real path of what exists of `path`, with the rest as written. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolved(parent), basename(path));
  }
}
