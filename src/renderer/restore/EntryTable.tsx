import { useState } from 'react';
import type { ReactNode } from 'react';
import type { EntryLine, SnapshotSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { formatBytes, formatMoment } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Checkbox } from '../pieces/controls.tsx';
import { FileIcon, FolderIcon, LinkIcon } from '../pieces/icons.tsx';

/** Rows asked for at once; more come when they are asked for. */
const PAGE = 500;

interface Ticking {
  /** A folder above is ticked, and with it everything here. */
  readonly isInTicked: boolean;
  readonly ticked: ReadonlyMap<string, EntryLine>;
  readonly onTick: (entry: EntryLine, isTicked: boolean) => void;
  readonly onOpen: (folder: EntryLine) => void;
}

export function EntryTable({
  snapshot,
  at,
  ...ticking
}: Ticking & { snapshot: SnapshotSummary; at: EntryLine | undefined }) {
  return (
    <table className="entries">
      <thead>
        <tr>
          <th scope="col">
            <span className="for-readers">Chosen</span>
          </th>
          <th scope="col">Name</th>
          <th scope="col" className="number">
            Size
          </th>
          <th scope="col" className="number entry-time">
            Modified
          </th>
        </tr>
      </thead>
      <EntryPage snapshot={snapshot} at={at} after={undefined} {...ticking} />
    </table>
  );
}

function EntryPage({
  snapshot,
  at,
  after,
  ...ticking
}: Ticking & { snapshot: SnapshotSummary; at: EntryLine | undefined; after: string | undefined }) {
  const [isNextOpen, setNextOpen] = useState(false);
  const answer = useAnswer('entries:list', {
    snapshot: snapshot.id,
    plan: snapshot.plan,
    limit: PAGE,
    ...(at === undefined ? {} : { at: { ref: at.ref } }),
    ...(after === undefined ? {} : { after }),
  });
  if (answer.data === undefined) {
    return (
      <Note>
        <Answered answer={answer}>{() => null}</Answered>
      </Note>
    );
  }
  const { entries, more } = answer.data;
  const last = entries.at(-1);
  if (entries.length === 0 && after === undefined) return <Note>This folder is empty.</Note>;
  return (
    <>
      <tbody>
        {entries.map((entry) => (
          <EntryRow key={entry.ref} entry={entry} {...ticking} />
        ))}
      </tbody>
      {more && last !== undefined && isNextOpen && (
        <EntryPage snapshot={snapshot} at={at} after={last.ref} {...ticking} />
      )}
      {more && !isNextOpen && (
        <Note>
          <Button onPress={() => setNextOpen(true)}>Show more</Button>
        </Note>
      )}
    </>
  );
}

function Note({ children }: { children: ReactNode }) {
  return (
    <tbody>
      <tr>
        <td />
        <td colSpan={3} className="muted">
          {children}
        </td>
      </tr>
    </tbody>
  );
}

function EntryRow({ entry, isInTicked, ticked, onTick, onOpen }: Ticking & { entry: EntryLine }) {
  return (
    <tr>
      <td>
        <Checkbox
          aria-label={entry.name}
          isSelected={isInTicked || ticked.has(entry.ref)}
          isDisabled={isInTicked}
          onChange={(isTicked) => onTick(entry, isTicked)}
        />
      </td>
      <th scope="row">
        <span className="entry-name">
          {iconOf[entry.kind]}
          {entry.kind === 'folder' ? (
            <button className="open" onClick={() => onOpen(entry)}>
              {entry.name}
            </button>
          ) : (
            <span>
              {entry.name}
              {entry.linkTo !== null && <span className="muted"> → {entry.linkTo}</span>}
            </span>
          )}
        </span>
      </th>
      <td className="number">{entry.kind === 'file' ? formatBytes(entry.size) : ''}</td>
      <td className="number entry-time">{formatMoment(entry.modifiedAt)}</td>
    </tr>
  );
}

const iconOf: Readonly<Record<EntryLine['kind'], ReactNode>> = {
  file: <FileIcon />,
  folder: <FolderIcon />,
  symlink: <LinkIcon />,
};
