import { Label, RadioGroup } from 'react-aria-components';
import type { RequestInput } from '../../shared/contract.ts';
import type { Tier } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { formatHours, formatUsd } from '../format.ts';
import { Choice } from '../pieces/controls.tsx';

const tiers: readonly { readonly tier: Tier; readonly word: string }[] = [
  { tier: 'expedited', word: 'Soonest' },
  { tier: 'standard', word: 'Standard' },
  { tier: 'bulk', word: 'Cheapest' },
];

type What = Omit<RequestInput<'restore:preview'>, 'tier' | 'by' | 'maxUsd' | 'archiveOnly'>;

/** Sooner or cheaper, each with its hours and its price for exactly what was chosen. */
export function TierChoice({
  what,
  tier,
  onChange,
}: {
  what: What;
  tier: Tier;
  onChange: (tier: Tier) => void;
}) {
  return (
    <RadioGroup className="choices" value={tier} onChange={(value) => onChange(value as Tier)}>
      <Label>How soon</Label>
      {tiers.map(({ tier: value, word }) => (
        <Choice key={value} value={value}>
          <span className="choice-word">{word}</span>
          <TierFacts what={what} tier={value} />
        </Choice>
      ))}
    </RadioGroup>
  );
}

function TierFacts({ what, tier }: { what: What; tier: Tier }) {
  const preview = useAnswer('restore:preview', { ...what, tier });
  if (preview.data === undefined) return <span className="muted">{preview.error === null ? '…' : ''}</span>;
  return (
    <>
      <span className="muted">{formatHours(preview.data.hours)}</span>
      <span className="tier-price">{formatUsd(preview.data.estimate.usd)}</span>
    </>
  );
}
