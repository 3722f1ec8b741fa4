/** Everything that was done, to look through. */
import { useDeferredValue, useState } from 'react';
import type { HistoryKind } from '../../shared/costTypes.ts';
import { useAnswer } from '../engine.tsx';
import { countWords } from '../../shared/historyWords.ts';
import { formatBytes, formatCount, formatMoment, formatUsd } from '../format.ts';
import { Field } from '../pieces/controls.tsx';

const words: Readonly<Record<HistoryKind, string>> = {
  backup: 'Backup',
  restore: 'Restore',
  check: 'Check',
  recovery: 'Recovery',
  deletion: 'Deletion',
  archives: 'Archives',
};

export function History() {
  const [text, setText] = useState('');
  const search = useDeferredValue(text.trim());
  const { data } = useAnswer(
    'history:list',
    { limit: 100, ...(search !== '' && { text: search }) },
    { staleTime: 0 },
  );
  return (
    <section>
      <h2>History</h2>
      <Field label="Look for" placeholder="a plan, a vault, failed…" value={text} onChange={setText} />
      {data?.length === 0 && <p className="muted">{search === '' ? 'Nothing yet.' : 'Nothing was found.'}</p>}
      <ul className="lines">
        {(data ?? []).map((line) => (
          <li key={`${line.kind} ${line.startedAt} ${line.what}`}>
            <div className="line-words">
              <p>
                {words[line.kind]} · {line.what}: {line.outcome}
              </p>
              <p className="muted">
                {formatMoment(line.startedAt)}
                {Object.keys(line.counts).length > 0 &&
                  ` · ${countWords(line.counts, formatCount, formatBytes)}`}
                {line.message !== null && ` · ${line.message}`}
              </p>
            </div>
            {line.actualUsd !== null && <p className="amount">{formatUsd(line.actualUsd)}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
