import { useDeferredValue, useState } from 'react';
import type { FoundLine, SnapshotSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { formatBytes, formatCount, formatMoment } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { GetBack } from './GetBack.tsx';

const SHOWN = 200;

export function FoundFiles({ pattern }: { pattern: string }) {
  // Typing stays ahead of what is found.
  const found = useAnswer('entries:find', { pattern: useDeferredValue(pattern), limit: SHOWN });
  const snapshots = useAnswer('snapshots:list', {}).data ?? [];
  const [wanted, setWanted] = useState<FoundLine | null>(null);
  const wantedSnapshot = snapshots.find(({ id }) => id === wanted?.lastSnapshot);
  return (
    <section aria-label="Found">
      <Answered answer={found}>
        {({ entries, more }) =>
          entries.length === 0 ? (
            <p className="muted">Nothing in any snapshot is called that.</p>
          ) : (
            <>
              <ul className="lines">
                {entries.map((line) => (
                  <li key={`${line.ref} ${line.firstSnapshot}`}>
                    <div className="line-words">
                      <Elided text={line.path} />
                      <p className="muted">
                        {line.plan} · {line.kind === 'file' ? `${formatBytes(line.size)} · ` : ''}modified{' '}
                        {formatMoment(line.modifiedAt)} · {lastSeen(line, snapshots)}
                      </p>
                    </div>
                    <Button kind="quiet" aria-label={`Get ${line.name} back`} onPress={() => setWanted(line)}>
                      Get back…
                    </Button>
                  </li>
                ))}
              </ul>
              {more && (
                <p className="muted">These are the first {formatCount(SHOWN)}. Type more of the name.</p>
              )}
            </>
          )
        }
      </Answered>
      {wanted !== null && wantedSnapshot !== undefined && (
        <GetBack snapshot={wantedSnapshot} entries={[wanted]} onClose={() => setWanted(null)} />
      )}
    </section>
  );
}

function lastSeen(line: FoundLine, snapshots: readonly SnapshotSummary[]): string {
  const last = snapshots.find(({ id }) => id === line.lastSnapshot);
  if (last === undefined) return 'in an older snapshot';
  const isNewest = !snapshots.some(({ plan, startedAt }) => plan === last.plan && startedAt > last.startedAt);
  return isNewest ? 'in the newest snapshot' : `last seen ${formatMoment(last.startedAt)}`;
}
