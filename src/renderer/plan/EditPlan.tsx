/** Changes what a plan saves, how it is called and when it runs. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { PlanSummary } from '../../shared/types.ts';
import { useAct } from '../engine.tsx';
import { Button, Field } from '../pieces/controls.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { FolderFields } from './FolderFields.tsx';
import { excludeHint, linesOf } from './planDraft.ts';
import { ScheduleFields } from './ScheduleFields.tsx';
import { draftOf, textOf } from './scheduleWords.ts';

export function EditPlan({ plan, onClose }: { plan: PlanSummary; onClose: (name: string) => void }) {
  const [folders, setFolders] = useState<readonly string[]>(plan.sources);
  const [name, setName] = useState(plan.name);
  const [excludes, setExcludes] = useState(plan.excludes.join('\n'));
  const [schedule, setSchedule] = useState(() => draftOf(plan.schedule));
  const edit = useAct('plans:edit');
  const sources = folders.map((folder) => folder.trim()).filter((folder) => folder !== '');
  const text = textOf(schedule);
  const isComplete = sources.length > 0 && name.trim() !== '' && text !== null;
  const left = plan.sources.filter((source) => !sources.includes(source));

  const submit = (): void => {
    if (!isComplete || edit.isPending) return;
    const patterns = linesOf(excludes);
    edit.mutate(
      {
        name: plan.name,
        schedule: text,
        ...(name.trim() !== plan.name && { rename: name.trim() }),
        // What is unchanged is not sent: it could be refused while a run is under way.
        ...(!isSame(sources, plan.sources) && { sources }),
        ...(!isSame(patterns, plan.excludes) && { excludes: patterns }),
      },
      { onSuccess: (changed) => onClose(changed.name) },
    );
  };
  return (
    <Sheet title={`Edit ${plan.name}`} onClose={() => onClose(plan.name)}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FolderFields folders={folders} onChange={setFolders} />
        {left.length > 0 && (
          <p className="muted">What leaves the plan stays in the snapshots that have it.</p>
        )}
        <Field label="Name" value={name} onChange={setName} maxLength={100} />
        <Field label="Leave out" hint={excludeHint} lines={3} value={excludes} onChange={setExcludes} />
        <ScheduleFields draft={schedule} onChange={setSchedule} />
        {edit.error !== null && <Trouble failure={edit.error.failure} />}
        <div className="actions">
          <Button kind="primary" type="submit" isDisabled={!isComplete || edit.isPending}>
            {edit.isPending ? 'Saving…' : 'Save'}
          </Button>
        </div>
      </Form>
    </Sheet>
  );
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
