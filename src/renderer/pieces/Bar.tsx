import { ProgressBar } from 'react-aria-components';

/** A thin bar. `fraction` null: something goes on, and nobody can tell how far it is. */
export function Bar({ label, fraction }: { label: string; fraction: number | null }) {
  return (
    <ProgressBar
      className="bar"
      aria-label={label}
      isIndeterminate={fraction === null}
      value={(fraction ?? 0) * 100}
    >
      <div className="bar-track">
        <div className="bar-fill" style={fraction === null ? {} : { transform: `scaleX(${fraction})` }} />
      </div>
    </ProgressBar>
  );
}
