import type { SnapshotSummary } from '../../shared/types.ts';
import { formatBytes, formatClock, formatDate } from '../format.ts';
import { routeHash } from '../route.ts';

/** Snapshots by day, newest first, each with a small bar of how much of it was new. */
export function Times({
  snapshots,
  chosen,
}: {
  snapshots: readonly SnapshotSummary[];
  chosen: string | undefined;
}) {
  const most = Math.max(1, ...snapshots.map(({ newBytes }) => newBytes));
  const isOnePlan = new Set(snapshots.map(({ plan }) => plan)).size === 1;
  return (
    <nav className="times" aria-label="Snapshots">
      {byDay(snapshots).map(({ day, those }) => (
        <section key={day}>
          <h2>{day}</h2>
          <ul>
            {those.map((snapshot) => (
              <li key={snapshot.id}>
                <a
                  href={routeHash({ page: 'restore', snapshot: snapshot.id })}
                  aria-current={snapshot.id === chosen ? 'true' : undefined}
                >
                  <span className="time-clock">{formatClock(snapshot.startedAt)}</span>
                  {!isOnePlan && <span className="time-plan">{snapshot.plan}</span>}
                  <span className="time-new">
                    <span className="for-readers">, </span>
                    {formatBytes(snapshot.newBytes)} new
                  </span>
                  {/* A first snapshot is all new; by area the later ones can still be told apart. */}
                  <span
                    className="time-bar"
                    style={{ width: `${Math.sqrt(snapshot.newBytes / most) * 100}%` }}
                  />
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function byDay(snapshots: readonly SnapshotSummary[]): { day: string; those: SnapshotSummary[] }[] {
  const days: { day: string; those: SnapshotSummary[] }[] = [];
  for (const snapshot of snapshots) {
    const day = formatDate(snapshot.startedAt);
    const last = days.at(-1);
    if (last?.day === day) last.those.push(snapshot);
    else days.push({ day, those: [snapshot] });
  }
  return days;
}
