/** Another speed for what of an order was not asked for yet, with the difference in price before it is taken. */
import { useState } from 'react';
import { Form, Label, RadioGroup } from 'react-aria-components';
import type { OrderSummary, Tier, TierChange } from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCounted, formatHours, formatUsd } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Choice } from '../pieces/controls.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

const tiers: readonly (readonly [Tier, string])[] = [
  ['expedited', 'Soonest'],
  ['standard', 'Standard'],
  ['bulk', 'Cheapest'],
];

export function ChangeTier({ order, onClose }: { order: OrderSummary; onClose: () => void }) {
  const [tier, setTier] = useState<Tier>(order.tier);
  const change = useAct('orders:tier');
  const told = useAnswer('orders:tier', { id: order.id, tier });
  return (
    <Sheet title="Sooner or cheaper" onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ id: order.id, tier, accept: true }, { onSuccess: onClose });
        }}
      >
        <p className="muted">
          For what was not asked for yet. What was asked for keeps its speed and its price.
        </p>
        <RadioGroup className="choices" value={tier} onChange={(value) => setTier(value as Tier)}>
          <Label>How soon</Label>
          {tiers.map(([value, word]) => (
            <Choice key={value} value={value}>
              <span className="choice-word">{word}</span>
            </Choice>
          ))}
        </RadioGroup>
        <Answered answer={told}>{(known) => <Difference told={known} />}</Answered>
        {change.error !== null && <Trouble failure={change.error.failure} />}
        <div className="actions">
          <Button
            kind="primary"
            type="submit"
            isDisabled={change.isPending || told.data === undefined || told.data.retrievals === 0}
          >
            Take it
          </Button>
        </div>
      </Form>
    </Sheet>
  );
}

function Difference({ told }: { told: TierChange }) {
  const kept =
    told.tooLarge === 0
      ? ''
      : ` ${formatCounted(told.tooLarge, 'part is', 'parts are')} too large for this speed and keep theirs.`;
  if (told.retrievals === 0)
    return <p role="status">Everything that can be is asked for already, or has this speed.{kept}</p>;
  return (
    <p role="status">
      {formatBytes(told.bytes)} would usually be ready after {formatHours(told.hours)}, for{' '}
      <strong>
        {formatUsd(Math.abs(told.extraUsd))} {told.extraUsd < 0 ? 'less' : 'more'}
      </strong>{' '}
      than before: {formatUsd(told.estimate.usd)} for the whole order.{kept}
    </p>
  );
}
