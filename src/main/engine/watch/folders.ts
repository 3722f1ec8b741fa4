/** The folders below a source that its rules do not leave out: what is watched, one by one. */
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Rules } from '../scan/rules.ts';

const FOLDERS_A_TURN = 32;

/**
 * Full paths, parents first. Folders that cannot be read, and names that are no text, are left out: nothing hints at what
 * changes in them, and the next walk finds it.
 */
export async function* foldersBelow(root: string, rules: Rules): AsyncGenerator<string> {
  const todo: { readonly path: string; readonly names: readonly Buffer[] }[] = [{ path: root, names: [] }];
  for (let seen = 1; ; seen++) {
    const folder = todo.pop();
    if (folder === undefined) return;
    yield folder.path;
    const isExcluded = rules.below(folder.names);
    for (const name of subfolders(folder.path)) {
      const isOut = isExcluded(name, { kind: 'folder', size: 0, changedAt: 0 });
      const text = name.toString();
      if (isOut || !Buffer.from(text).equals(name)) continue;
      todo.push({
        path: `${folder.path === '/' ? '' : folder.path}/${text}`,
        names: [...folder.names, name],
      });
    }
    if (seen % FOLDERS_A_TURN === 0) await nextTurn();
  }
}

function subfolders(path: string): readonly Buffer[] {
  try {
    return readdirSync(path, { withFileTypes: true, encoding: 'buffer' })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
