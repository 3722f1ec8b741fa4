/** Changes what a plan saves, how it is called, when it runs and what it keeps. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { PlanSummary } from '../../shared/types.ts';
import { useAct } from '../engine.tsx';
import { Button, Field } from '../pieces/controls.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { FolderFields } from './FolderFields.tsx';
import { excludeHint, linesOf } from './planDraft.ts';
import { retentionDraftOf, retentionTextOf } from './retentionDraft.ts';
import { RetentionFields } from './RetentionFields.tsx';
import { RulesCheck } from './RulesCheck.tsx';
import { ScheduleFields } from './ScheduleFields.tsx';
import { draftOf, textOf } from './scheduleWords.ts';

export function EditPlan({ plan, onClose }: { plan: PlanSummary; onClose: (name: string) => void }) {
  const [folders, setFolders] = useState<readonly string[]>(plan.sources);
  const [name, setName] = useState(plan.name);
  const [excludes, setExcludes] = useState(plan.excludes.join('\n'));
  const [schedule, setSchedule] = useState(() => draftOf(plan.schedule));
  const [retention, setRetention] = useState(() => retentionDraftOf(plan.retention));
  const edit = useAct('plans:edit');
  const sources = folders.map((folder) => folder.trim()).filter((folder) => folder !== '');
  const text = textOf(schedule);
  const rules = retentionTextOf(retention);
  const isComplete = sources.length > 0 && name.trim() !== '' && text !== null && rules !== null;
  const left = plan.sources.filter((source) => !sources.includes(source));

  const submit = (): void => {
    if (!isComplete || edit.isPending) return;
    const patterns = linesOf(excludes);
    edit.mutate(
      {
        name: plan.name,
        schedule: text,
        retention: rules,
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
        <RulesCheck sources={sources} excludes={linesOf(excludes)} />
        <ScheduleFields draft={schedule} onChange={setSchedule} />
        <RetentionFields draft={retention} plan={plan.name} onChange={setRetention} />
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
