/** What rules leave out, with counts and sizes, before they are saved. */
import { useAct } from '../engine.tsx';
import { formatBytes, formatCounted } from '../format.ts';
import { Button } from '../pieces/controls.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

export function RulesCheck({
  sources,
  excludes,
}: {
  sources: readonly string[];
  excludes: readonly string[];
}) {
  const look = useAct('rules:preview');
  return (
    <div className="rules-check">
      <Button
        kind="quiet"
        isDisabled={sources.length === 0 || look.isPending}
        onPress={() => look.mutate({ sources: [...sources], excludes: [...excludes] })}
      >
        {look.isPending ? 'Looking…' : 'See what that leaves out'}
      </Button>
      {look.error !== null && <Trouble failure={look.error.failure} />}
      {look.data !== undefined && (
        <div role="status">
          <p>
            Saved: {formatCounted(look.data.files, 'file')}, {formatBytes(look.data.bytes)}
            {look.data.isPartial ? ', and more than could be looked at in a few seconds' : ''}.
          </p>
          <ul className="hits">
            {look.data.rules
              .filter(({ files }) => files > 0)
              .map(({ rule, files, bytes, examples }) => (
                <li key={rule}>
                  <code>{rule}</code> leaves out {formatCounted(files, 'file')}, {formatBytes(bytes)}
                  {examples[0] !== undefined && <span className="muted"> · {examples[0]}</span>}
                </li>
              ))}
          </ul>
        </div>
      )}
    </div>
  );
}
