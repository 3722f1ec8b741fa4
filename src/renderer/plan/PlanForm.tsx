/** Asks which folders go where, makes the vault if it is a new one, then the plan, then the first backup. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useAct, useAnswer } from '../engine.tsx';
import { lastName } from '../format.ts';
import { Button, Checkbox, Field } from '../pieces/controls.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { TargetFields } from '../vaults/TargetFields.tsx';
import { emptyTargetDraft, isTargetDraftComplete, targetInput } from '../vaults/targetDraft.ts';
import type { TargetDraft } from '../vaults/targetDraft.ts';
import { FolderFields } from './FolderFields.tsx';
import { excludeHint, linesOf, usualExcludes } from './planDraft.ts';
import { retentionDraftOf, retentionTextOf } from './retentionDraft.ts';
import { RetentionFields } from './RetentionFields.tsx';
import { RulesCheck } from './RulesCheck.tsx';
import { ScheduleFields } from './ScheduleFields.tsx';
import { draftOf, textOf } from './scheduleWords.ts';
import { TargetChoice } from './TargetChoice.tsx';

const NEW = '';

export function PlanForm({ isFirst = false, onDone }: { isFirst?: boolean; onDone: () => void }) {
  const targets = useAnswer('targets:list', {}).data ?? [];
  const [folders, setFolders] = useState<readonly string[]>(['']);
  const [typedName, setTypedName] = useState<string | null>(null);
  const [excludes, setExcludes] = useState(usualExcludes);
  const [chosenTarget, setChosenTarget] = useState<string | null>(null);
  const [draft, setDraft] = useState<TargetDraft>(() => emptyTargetDraft('practice'));
  const [schedule, setSchedule] = useState(() => draftOf('daily'));
  const [retention, setRetention] = useState(() => retentionDraftOf('everything'));
  const [startNow, setStartNow] = useState(true);
  const saving = useSavePlan(onDone);

  const sources = folders.map((folder) => folder.trim()).filter((folder) => folder !== '');
  const name = typedName ?? suggestName(sources);
  const target = chosenTarget ?? targets[0]?.name ?? NEW;
  const isNewTarget = !targets.some((known) => known.name === target);
  const text = textOf(schedule);
  const rules = retentionTextOf(retention);
  const isComplete =
    sources.length > 0 &&
    name !== '' &&
    text !== null &&
    rules !== null &&
    (!isNewTarget || isTargetDraftComplete(draft));

  const submit = (): void => {
    if (!isComplete || saving.isPending) return;
    saving.save({
      newTarget: isNewTarget ? draft : undefined,
      plan: {
        ...{ name, target: isNewTarget ? draft.name : target, sources, excludes: linesOf(excludes) },
        schedule: text,
        retention: rules,
      },
      startNow,
      onTargetMade: () => setChosenTarget(draft.name),
    });
  };
  return (
    <Form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <FolderFields folders={folders} onChange={setFolders} />
      <Field
        label="Name"
        hint="How you will know this plan by."
        value={name}
        onChange={setTypedName}
        maxLength={100}
      />
      {!isFirst && (
        <Field label="Leave out" hint={excludeHint} lines={3} value={excludes} onChange={setExcludes} />
      )}
      {!isFirst && <RulesCheck sources={sources} excludes={linesOf(excludes)} />}
      {!isFirst && <ScheduleFields draft={schedule} onChange={setSchedule} />}
      {!isFirst && <RetentionFields draft={retention} onChange={setRetention} />}
      {targets.length > 0 && (
        <TargetChoice
          targets={targets}
          newValue={NEW}
          value={isNewTarget ? NEW : target}
          onChange={setChosenTarget}
        />
      )}
      {isNewTarget && <TargetFields draft={draft} onChange={setDraft} />}
      <Checkbox isSelected={startNow} onChange={setStartNow}>
        Back up as soon as this is saved
      </Checkbox>
      {saving.failure !== undefined && <Trouble failure={saving.failure} />}
      <div className="actions">
        <Button kind="primary" type="submit" isDisabled={!isComplete || saving.isPending}>
          {saving.isPending ? 'Saving…' : startNow ? 'Save and back up' : 'Save plan'}
        </Button>
      </div>
    </Form>
  );
}

interface PlanWish {
  readonly newTarget: TargetDraft | undefined;
  readonly plan: {
    readonly name: string;
    readonly target: string;
    readonly sources: string[];
    readonly excludes: string[];
    readonly schedule: string;
    readonly retention: string;
  };
  readonly startNow: boolean;
  /** A vault that was made stays, even if the plan is refused: the next try must not make it again. */
  readonly onTargetMade: () => void;
}

function useSavePlan(onDone: () => void) {
  const addTarget = useAct('targets:add');
  const addPlan = useAct('plans:add');
  const start = useAct('backup:queue');
  const save = async (wish: PlanWish): Promise<void> => {
    addPlan.reset();
    if (wish.newTarget !== undefined) {
      await addTarget.mutateAsync(targetInput(wish.newTarget));
      wish.onTargetMade();
    }
    await addPlan.mutateAsync(wish.plan);
    // The plan is there: should the backup not start, its row says why.
    if (wish.startNow) start.mutate({ plans: [wish.plan.name] });
    onDone();
  };
  return {
    // What was refused is kept by the act itself and shown.
    save: (wish: PlanWish): void => void save(wish).catch(() => undefined),
    isPending: addTarget.isPending || addPlan.isPending,
    failure: (addTarget.error ?? addPlan.error)?.failure,
  };
}

/** The name of the first folder, as far as a plan may be called that. */
function suggestName(sources: readonly string[]): string {
  const [first] = sources;
  if (first === undefined) return '';
  return lastName(first)
    .replaceAll(/[^\p{L}\p{N} ._-]/gu, ' ')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .trim()
    .slice(0, 100);
}
