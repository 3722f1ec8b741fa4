/** Time on the left, the folders as they were then beside it, a search over all times above. */
import { useState } from 'react';
import { Input, SearchField } from 'react-aria-components';
import type { SnapshotSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { Answered } from '../pieces/Answered.tsx';
import { Page } from '../pieces/Page.tsx';
import { newestFirst } from '../plan/PlanSheet.tsx';
import { Browser } from './Browser.tsx';
import { FoundFiles } from './FoundFiles.tsx';
import { Times } from './Times.tsx';

export function RestorePage({ snapshotId }: { snapshotId: string | undefined }) {
  const snapshots = useAnswer('snapshots:list', {});
  const [pattern, setPattern] = useState('');
  const hasSome = snapshots.data !== undefined && snapshots.data.length > 0;
  return (
    <Page
      name="Restore"
      isWide
      action={hasSome ? <Search pattern={pattern} onChange={setPattern} /> : undefined}
    >
      <Answered answer={snapshots}>
        {(all) =>
          all.length === 0 ? (
            <NoSnapshots />
          ) : pattern.trim() === '' ? (
            <Walk snapshots={newestFirst(all)} snapshotId={snapshotId} />
          ) : (
            <FoundFiles pattern={pattern.trim()} />
          )
        }
      </Answered>
    </Page>
  );
}

function Search({ pattern, onChange }: { pattern: string; onChange: (pattern: string) => void }) {
  const label = 'Find in all snapshots';
  return (
    <SearchField className="field search" aria-label={label} value={pattern} onChange={onChange}>
      <Input placeholder={`${label}: part of a name, or *.jpg`} spellCheck={false} />
    </SearchField>
  );
}

function NoSnapshots() {
  return (
    <p className="lead">
      Here you walk through your folders as they were at each backup, and get back what you need. The first
      backup makes the first snapshot. <a href="#/home">Back up a folder</a>
    </p>
  );
}

function Walk({
  snapshots,
  snapshotId,
}: {
  snapshots: readonly SnapshotSummary[];
  snapshotId: string | undefined;
}) {
  const chosen = snapshots.find(({ id }) => id === snapshotId) ?? snapshots[0];
  return (
    <div className="browse">
      <Times snapshots={snapshots} chosen={chosen?.id} />
      {chosen !== undefined && <Browser key={chosen.id} snapshot={chosen} />}
    </div>
  );
}
