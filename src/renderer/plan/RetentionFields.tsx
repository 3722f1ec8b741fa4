/** Which snapshots of a plan are kept, and what that would let go. */
import { Label, RadioGroup } from 'react-aria-components';
import type { KeptSnapshot } from '../../shared/retentionTypes.ts';
import { retentionWords } from '../../shared/retentionWords.ts';
import { useAnswer } from '../engine.tsx';
import { formatCounted, formatDate, formatMoment } from '../format.ts';
import { Choice, Field } from '../pieces/controls.tsx';
import { type RetentionDraft, retentionTextOf, type ShownPeriod, shownPeriods } from './retentionDraft.ts';

const words: Readonly<Record<ShownPeriod, string>> = {
  daily: 'Days',
  weekly: 'Weeks',
  monthly: 'Months',
  yearly: 'Years',
};

export function RetentionFields({
  draft,
  plan,
  onChange,
}: {
  draft: RetentionDraft;
  /** One that is there already: then it is said what these rules do to its snapshots. */
  plan?: string;
  onChange: (draft: RetentionDraft) => void;
}) {
  const text = retentionTextOf(draft);
  return (
    <div className="schedule">
      <RadioGroup
        className="choices"
        value={draft.isEverything ? 'everything' : 'some'}
        onChange={(value) => onChange({ ...draft, isEverything: value === 'everything' })}
      >
        <Label>Keeps</Label>
        <Choice value="everything">
          <span className="choice-word">Every snapshot</span>
        </Choice>
        <Choice value="some">
          <span className="choice-word">Fewer, the older they are</span>
        </Choice>
      </RadioGroup>
      {!draft.isEverything && (
        <div className="periods">
          {shownPeriods.map((period) => (
            <Field
              key={period}
              label={words[period]}
              inputMode="numeric"
              value={draft.counts[period]}
              onChange={(count) => onChange({ ...draft, counts: { ...draft.counts, [period]: count } })}
            />
          ))}
        </div>
      )}
      {!draft.isEverything && (
        <p className="hint">
          {text === null ? 'Give at least one number.' : `Keeps ${retentionWords(text)}.`} Snapshots with a
          tag always stay.
        </p>
      )}
      {plan !== undefined && text !== null && <WouldGo plan={plan} retention={text} />}
    </div>
  );
}

function WouldGo({ plan, retention }: { plan: string; retention: string }) {
  const { data } = useAnswer('retention:preview', { plan, retention }, { staleTime: 0, gcTime: 0 });
  if (data === undefined || data.snapshots.length === 0) return null;
  const going = data.snapshots.filter(({ reasons }) => reasons.length === 0).length;
  const kept = data.snapshots.length - going;
  return (
    <>
      <p className="hint" role="status">
        {going === 0
          ? `All ${formatCounted(kept, 'snapshot')} stay for now.`
          : `Of ${formatCounted(data.snapshots.length, 'snapshot')}, ${going} would go after the next backup. What only they need is deleted on the day that costs nothing.`}
      </p>
      <details className="which">
        <summary>Which, and when</summary>
        <ul className="hits">
          {data.snapshots.toReversed().map((snapshot) => (
            <li key={snapshot.id}>
              {formatMoment(snapshot.startedAt)} <span className="muted">{fate(snapshot)}</span>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function fate({ reasons, goesAt, tags }: KeptSnapshot): string {
  if (reasons.length === 0) return 'would go';
  const why = tags.length > 0 ? `kept as ${tags.join(', ')}` : '';
  if (goesAt === null) return why === '' ? 'stays' : why;
  return `goes about ${formatDate(goesAt)}`;
}
