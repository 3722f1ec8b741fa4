/** Before restored files move back to where they came from: what stands there, and what becomes of it. */
import { useState } from 'react';
import { Form, Label, RadioGroup } from 'react-aria-components';
import type { ConflictChoice, OrderSummary, PutBackPreview, ThingKind } from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCount, formatCounted } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Choice } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { Facts } from '../pieces/Facts.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

const choices: readonly (readonly [ConflictChoice, string, string])[] = [
  ['keep-both', 'Keep both', 'The restored file gets a number behind its name.'],
  ['replace', 'Replace', 'What stands there is set aside in the restore folder, not deleted.'],
  ['skip', 'Skip', 'The restored file stays in the restore folder.'],
];

export function PutBackSheet({ order, onClose }: { order: OrderSummary; onClose: () => void }) {
  const [choice, setChoice] = useState<ConflictChoice>('keep-both');
  const preview = useAnswer('orders:putBackPreview', { id: order.id }, { staleTime: 0, gcTime: 0 });
  const putBack = useAct('orders:putBack');
  const known = preview.data;
  const hasConflicts = known !== undefined && known.conflicts > 0;
  return (
    <Sheet title="Put back where it was" onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          putBack.mutate({ id: order.id, ...(hasConflicts && { choice }) }, { onSuccess: onClose });
        }}
      >
        <p className="muted">
          The restored files move from <Elided text={order.to} /> to the folders they came from. Each is
          checked once more; nothing that stands there is written to or deleted.
        </p>
        <Answered answer={preview}>{(found) => <Found preview={found} />}</Answered>
        {hasConflicts && (
          <RadioGroup
            className="choices"
            value={choice}
            onChange={(value) => setChoice(value as ConflictChoice)}
          >
            <Label>Where something else stands</Label>
            {choices.map(([value, word, hint]) => (
              <Choice key={value} value={value}>
                <span className="choice-word">{word}</span>
                <span className="muted">{hint}</span>
              </Choice>
            ))}
          </RadioGroup>
        )}
        {putBack.error !== null && <Trouble failure={putBack.error.failure} />}
        <div className="actions">
          <Button
            kind="primary"
            type="submit"
            isDisabled={putBack.isPending || known === undefined || known.fresh + known.conflicts === 0}
          >
            {putBack.isPending ? 'Looking once more…' : 'Put back'}
          </Button>
        </div>
      </Form>
    </Sheet>
  );
}

const kindWords: Readonly<Record<ThingKind, string>> = {
  file: 'another file',
  folder: 'a folder',
  link: 'a link',
  special: 'a pipe, socket or device',
};

const SHOWN = 20;

function Found({ preview }: { preview: PutBackPreview }) {
  const { fresh, freshBytes, newFolders, same, conflicts, conflictsShown, missing, failed } = preview;
  return (
    <>
      <Facts
        of={[
          [
            'To be moved',
            `${formatCounted(fresh, 'file')}, ${formatBytes(freshBytes)}${newFolders === 0 ? '' : `, into ${formatCounted(newFolders, 'new folder')}`}`,
          ],
          ['There already', same === 0 ? '' : `${formatCounted(same, 'file')} with the same content`],
          [
            'In the way',
            conflicts === 0 ? '' : `something else, at the place of ${formatCounted(conflicts, 'file')}`,
          ],
          ['Not found', missing === 0 ? '' : `${formatCounted(missing, 'file')} in the restore folder`],
          ['Unknown', failed === 0 ? '' : `${formatCounted(failed, 'place')} that cannot be looked at`],
        ]}
      />
      {conflictsShown.length > 0 && (
        <details>
          <summary>What is in the way</summary>
          <ul className="problems">
            {conflictsShown.slice(0, SHOWN).map(({ path, is }) => (
              <li key={path}>
                <Elided text={path} />
                <span className="muted">{kindWords[is]}</span>
              </li>
            ))}
          </ul>
          {conflictsShown.length > SHOWN && (
            <p className="muted">and {formatCount(conflictsShown.length - SHOWN)} more</p>
          )}
        </details>
      )}
      {preview.problems.length > 0 && (
        <ul className="problems">
          {preview.problems.slice(0, SHOWN).map(({ path, message }) => (
            <li key={path}>
              <Elided text={path} />
              <span className="muted">{message}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
