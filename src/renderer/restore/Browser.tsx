/** The folders of one snapshot: walk into them, tick what is wanted, get it back. */
import { useState } from 'react';
import type { EntryLine, SnapshotSummary } from '../../shared/types.ts';
import { formatBytes, formatCounted } from '../format.ts';
import { Button } from '../pieces/controls.tsx';
import { ArrowIcon } from '../pieces/icons.tsx';
import { EntryTable } from './EntryTable.tsx';
import { GetBack } from './GetBack.tsx';

export function Browser({ snapshot }: { snapshot: SnapshotSummary }) {
  const [trail, setTrail] = useState<readonly EntryLine[]>([]);
  const [ticked, setTicked] = useState<ReadonlyMap<string, EntryLine>>(new Map());
  const [isOrdering, setOrdering] = useState(false);

  const tick = (entry: EntryLine, isTicked: boolean): void => {
    const next = new Map(ticked);
    if (isTicked) next.set(entry.ref, entry);
    else next.delete(entry.ref);
    setTicked(next);
  };
  const chosen = [...ticked.values()];
  return (
    <section className="browser" aria-label="Folders">
      <div className="browser-head">
        <Trail trail={trail} onGo={(depth) => setTrail(trail.slice(0, depth))} />
        <Button
          kind={chosen.length === 0 ? 'primary' : 'plain'}
          onPress={() => {
            setTicked(new Map());
            setOrdering(true);
          }}
        >
          Get everything back…
        </Button>
      </div>
      <EntryTable
        key={trail.at(-1)?.ref ?? ''}
        snapshot={snapshot}
        at={trail.at(-1)}
        isInTicked={trail.some(({ ref }) => ticked.has(ref))}
        ticked={ticked}
        onTick={tick}
        onOpen={(folder) => setTrail([...trail, folder])}
      />
      {chosen.length > 0 && (
        <footer className="chosen">
          <p role="status">{chosenWords(chosen)}</p>
          <Button kind="quiet" onPress={() => setTicked(new Map())}>
            Clear
          </Button>
          <Button kind="primary" onPress={() => setOrdering(true)}>
            Get back…
          </Button>
        </footer>
      )}
      {isOrdering && <GetBack snapshot={snapshot} entries={chosen} onClose={() => setOrdering(false)} />}
    </section>
  );
}

function Trail({ trail, onGo }: { trail: readonly EntryLine[]; onGo: (depth: number) => void }) {
  return (
    <nav aria-label="Where you are" className="trail">
      <Button kind="quiet" isDisabled={trail.length === 0} onPress={() => onGo(0)}>
        All folders
      </Button>
      {trail.map((folder, at) => (
        <span key={folder.ref}>
          <ArrowIcon />
          <Button kind="quiet" isDisabled={at === trail.length - 1} onPress={() => onGo(at + 1)}>
            {folder.name}
          </Button>
        </span>
      ))}
    </nav>
  );
}

function chosenWords(chosen: readonly EntryLine[]): string {
  const folders = chosen.filter(({ kind }) => kind === 'folder').length;
  const files = chosen.length - folders;
  const bytes = chosen.reduce((sum, { size, kind }) => sum + (kind === 'file' ? size : 0), 0);
  const parts = [
    ...(folders > 0
      ? [`${formatCounted(folders, 'folder')} with all in ${folders === 1 ? 'it' : 'them'}`]
      : []),
    ...(files > 0 ? [`${formatCounted(files, 'file')} (${formatBytes(bytes)})`] : []),
  ];
  return parts.join(' and ');
}
