/** When a plan runs by itself. */
import { Label, RadioGroup } from 'react-aria-components';
import { type Weekday, weekdays } from '../../shared/schedule.ts';
import { Choice, Field } from '../pieces/controls.tsx';
import { capital, type ScheduleDraft, textOf } from './scheduleWords.ts';

const kinds: readonly (readonly [ScheduleDraft['kind'], string])[] = [
  ['manual', 'When I ask for it'],
  ['changed', 'When something has changed'],
  ['every', 'Every few hours'],
  ['daily', 'Every day'],
  ['weekly', 'Every week'],
  ['cron', 'By a pattern'],
];

export function ScheduleFields({
  draft,
  onChange,
}: {
  draft: ScheduleDraft;
  onChange: (draft: ScheduleDraft) => void;
}) {
  const isWrong = textOf(draft) === null;
  return (
    <div className="schedule">
      <RadioGroup
        className="choices"
        value={draft.kind}
        onChange={(kind) => onChange({ ...draft, kind: kind as ScheduleDraft['kind'] })}
      >
        <Label>Runs</Label>
        {kinds.map(([kind, word]) => (
          <Choice key={kind} value={kind}>
            <span className="choice-word">{word}</span>
          </Choice>
        ))}
      </RadioGroup>
      {draft.kind === 'changed' && (
        <p className="hint">
          Two minutes after the last change, an hour after the first at the latest; and once a day in any
          case.
        </p>
      )}
      {draft.kind === 'every' && (
        <Field
          label="Hours between two runs"
          hint={
            isWrong
              ? 'From 0.1 (six minutes) to 168 (a week).'
              : 'From the start of one to the start of the next.'
          }
          inputMode="decimal"
          value={draft.hours}
          onChange={(hours) => onChange({ ...draft, hours })}
        />
      )}
      {draft.kind === 'weekly' && (
        <RadioGroup
          className="days"
          orientation="horizontal"
          value={draft.day}
          onChange={(day) => onChange({ ...draft, day: day as Weekday })}
        >
          <Label>Day</Label>
          {weekdays.map((day) => (
            <Choice key={day} value={day}>
              {capital(day).slice(0, 3)}
            </Choice>
          ))}
        </RadioGroup>
      )}
      {(draft.kind === 'daily' || draft.kind === 'weekly') && (
        <Field
          label="At"
          type="time"
          hint="By this computer’s clock. What was missed while it was off is made up for once."
          value={draft.time}
          onChange={(time) => onChange({ ...draft, time })}
        />
      )}
      {draft.kind === 'cron' && (
        <Field
          label="Pattern"
          hint="Minute, hour, day of month, month, day of week, as in a crontab: 0 2 * * 1-5"
          value={draft.pattern}
          onChange={(pattern) => onChange({ ...draft, pattern })}
        />
      )}
    </div>
  );
}
