/** Whether plans run by themselves now, and how to have peace for a while. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { UnattendedSummary } from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { Button, Checkbox, Field } from '../pieces/controls.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { ConditionFields } from './ConditionFields.tsx';
import { nextWords } from '../plan/scheduleWords.ts';

const HOUR_MS = 3_600_000;

export function Unattended({ now }: { now: number }) {
  const answer = useAnswer('unattended:show', {});
  const set = useAct('unattended:set');
  const [isOpen, setOpen] = useState(false);
  const unattended = answer.data;
  if (unattended === undefined) return null;
  const isPaused = pausedNow(unattended, now);
  return (
    <div className="unattended">
      <p className="muted">{words(unattended, now)}</p>
      {isPaused ? (
        <Button isDisabled={set.isPending} onPress={() => set.mutate({ pausedUntil: null })}>
          Run by themselves again
        </Button>
      ) : (
        <Button kind="quiet" onPress={() => setOpen(true)}>
          When and how…
        </Button>
      )}
      {set.error !== null && <Trouble failure={set.error.failure} />}
      {isOpen && <PauseSheet unattended={unattended} onClose={() => setOpen(false)} />}
    </div>
  );
}

function PauseSheet({ unattended, onClose }: { unattended: UnattendedSummary; onClose: () => void }) {
  const set = useAct('unattended:set');
  const [hasQuiet, setHasQuiet] = useState(unattended.quiet !== null);
  const [from, setFrom] = useState(unattended.quiet?.from ?? '08:00');
  const [to, setTo] = useState(unattended.quiet?.to ?? '18:00');
  const pause = (pausedUntil: number | 'always'): void => set.mutate({ pausedUntil }, { onSuccess: onClose });
  return (
    <Sheet title="What runs by itself" onClose={onClose}>
      <p className="muted">What you start yourself always runs, and restores go on.</p>
      <h3>Pause</h3>
      <div className="actions">
        <Button isDisabled={set.isPending} onPress={() => pause(Date.now() + HOUR_MS)}>
          For an hour
        </Button>
        <Button isDisabled={set.isPending} onPress={() => pause(tomorrowMorning())}>
          Until tomorrow at 8
        </Button>
        <Button isDisabled={set.isPending} onPress={() => pause('always')}>
          Until I say so
        </Button>
      </div>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate({ quiet: hasQuiet ? { from, to } : null }, { onSuccess: onClose });
        }}
      >
        <h3>Quiet hours</h3>
        <Checkbox isSelected={hasQuiet} onChange={setHasQuiet}>
          Every day there are hours in which no plan begins
        </Checkbox>
        {hasQuiet && (
          <div className="two">
            <Field label="From" type="time" value={from} onChange={setFrom} />
            <Field label="To" type="time" value={to} onChange={setTo} />
          </div>
        )}
        {set.error !== null && <Trouble failure={set.error.failure} />}
        <div className="actions">
          <Button type="submit" isDisabled={set.isPending || (hasQuiet && (from === '' || to === ''))}>
            Save quiet hours
          </Button>
        </div>
      </Form>
      {/* Begun anew when what was saved comes back. */}
      <ConditionFields
        key={JSON.stringify([unattended.conditions, unattended.limits])}
        unattended={unattended}
        onDone={onClose}
      />
    </Sheet>
  );
}

function pausedNow({ pausedUntil }: UnattendedSummary, now: number): boolean {
  return pausedUntil === 'always' || (pausedUntil !== null && pausedUntil > now);
}

function words(unattended: UnattendedSummary, now: number): string {
  const { quiet, pausedUntil, waitsFor } = unattended;
  if (pausedNow(unattended, now)) {
    const until =
      pausedUntil === 'always' || pausedUntil === null ? 'you say so' : nextWords(pausedUntil, now);
    return `No plan runs by itself until ${until}.`;
  }
  if (waitsFor !== null) return `Plans run by themselves; just now they wait ${waitsFor}.`;
  return quiet === null
    ? 'Plans run by themselves while Permafrost does.'
    : `Plans run by themselves while Permafrost does, but none begins from ${quiet.from} to ${quiet.to}.`;
}

function tomorrowMorning(): number {
  const at = new Date();
  at.setDate(at.getDate() + 1);
  at.setHours(8, 0, 0, 0);
  return at.getTime();
}
