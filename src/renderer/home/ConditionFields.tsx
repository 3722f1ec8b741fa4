/** Under which conditions plans run by themselves, and how fast uploads may be. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { UnattendedSummary } from '../../shared/types.ts';
import { useAct } from '../engine.tsx';
import { Button, Checkbox, Field } from '../pieces/controls.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

const MB = 1e6;

export function ConditionFields({
  unattended,
  onDone,
}: {
  unattended: UnattendedSummary;
  onDone: () => void;
}) {
  const set = useAct('unattended:set');
  const { conditions, limits } = unattended;
  const always = limits.find(({ from }) => from === null);
  const [onBattery, setOnBattery] = useState(conditions.onBattery);
  const [onMetered, setOnMetered] = useState(conditions.onMetered);
  const [networks, setNetworks] = useState((conditions.networks ?? []).join(', '));
  const [limit, setLimit] = useState(always === undefined ? '' : String(always.bytesPerSecond / MB));
  const rate = Math.round(Number(limit.trim().replace(',', '.')) * MB);
  const isWrong = limit.trim() !== '' && !(rate >= 1024);
  const submit = (): void => {
    const names = networks
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    // Those with hours stay as they are.
    const timed = limits.filter(({ from }) => from !== null);
    set.mutate(
      {
        conditions: { onBattery, onMetered, networks: names.length === 0 ? null : names },
        limits: [...timed, ...(limit.trim() === '' ? [] : [{ bytesPerSecond: rate, from: null, to: null }])],
      },
      { onSuccess: onDone },
    );
  };
  return (
    <Form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong) submit();
      }}
    >
      <h3>Conditions</h3>
      <Checkbox isSelected={!onBattery} onChange={(isNot) => setOnBattery(!isNot)}>
        Not on battery
      </Checkbox>
      <Checkbox isSelected={!onMetered} onChange={(isNot) => setOnMetered(!isNot)}>
        Not over a metered connection
      </Checkbox>
      <Field
        label="Only on these networks"
        hint="Their names, parted by commas. Empty: on any."
        value={networks}
        onChange={setNetworks}
      />
      <Field
        label="Uploads take at most, in MB a second"
        hint={
          isWrong
            ? 'A number like 2 or 0.5.'
            : 'All of them together, also those you start yourself. Empty: no limit.'
        }
        inputMode="decimal"
        value={limit}
        onChange={setLimit}
      />
      {set.error !== null && <Trouble failure={set.error.failure} />}
      <div className="actions">
        <Button type="submit" isDisabled={set.isPending || isWrong}>
          Save conditions
        </Button>
      </div>
    </Form>
  );
}
