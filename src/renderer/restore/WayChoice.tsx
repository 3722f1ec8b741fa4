/** Sooner or cheaper, with the hours and the price of each way there is, for exactly what was chosen. */
import { useState } from 'react';
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components';
import type { RestoreWay, Tier } from '../../shared/types.ts';
import { useNow } from '../engine.tsx';
import { formatCount, formatCounted, formatHours, formatUsd, formatWindow } from '../format.ts';
import { Field } from '../pieces/controls.tsx';
import { momentIn, wayBy } from './ways.ts';

const HOUR_MS = 3_600_000;

export function WayChoice({
  ways,
  chosen,
  onChange,
}: {
  /** At least two. */
  ways: readonly RestoreWay[];
  chosen: number;
  onChange: (way: number) => void;
}) {
  const now = useNow();
  const way = ways[chosen];
  if (way === undefined) return null;
  return (
    <div className="ways">
      <Slider className="slider" value={chosen} minValue={0} maxValue={ways.length - 1} onChange={onChange}>
        <Label>How soon</Label>
        <SliderOutput className="slider-says">
          {formatHours(way.hours)}, {formatUsd(way.usd)}
        </SliderOutput>
        <SliderTrack className="slider-track">
          <SliderThumb className="slider-thumb" />
        </SliderTrack>
        <div className="slider-ends" aria-hidden="true">
          <span>Cheaper</span>
          <span>Sooner</span>
        </div>
      </Slider>
      <p role="status">Usually ready {windowWords(way, now)}.</p>
      <p className="muted">{tierWords(way)}</p>
      <ByWhen ways={ways} now={now} onChange={onChange} />
    </div>
  );
}

function ByWhen({
  ways,
  now,
  onChange,
}: {
  ways: readonly RestoreWay[];
  now: number;
  onChange: (way: number) => void;
}) {
  const [text, setText] = useState('');
  const by = momentIn(text);
  const soonest = ways.at(-1);
  const isTooSoon = by !== undefined && wayBy(ways, by, now) === -1;
  return (
    <details>
      <summary>Needed by a certain time</summary>
      <Field
        label="Ready by"
        type="datetime-local"
        value={text}
        hint={
          isTooSoon && soonest !== undefined
            ? `Nothing is ready by then. The soonest is usually ready ${windowWords(soonest, now)}.`
            : 'Takes the cheapest way that is usually ready by then.'
        }
        onChange={(typed) => {
          setText(typed);
          const wanted = momentIn(typed);
          if (wanted === undefined) return;
          const found = wayBy(ways, wanted, Date.now());
          onChange(found === -1 ? ways.length - 1 : found);
        }}
      />
    </details>
  );
}

function windowWords({ hours }: RestoreWay, now: number): string {
  return formatWindow(now + hours.from * HOUR_MS, now + hours.to * HOUR_MS, now);
}

const tierNames: Readonly<Record<Tier, string>> = {
  expedited: 'in a hurry',
  standard: 'at the usual speed',
  bulk: 'slowly',
};

/** "3 parts of archives are retrieved slowly, 1 in a hurry." */
function tierWords({ tiers }: RestoreWay): string {
  const used = (['bulk', 'standard', 'expedited'] as const).filter((tier) => tiers[tier] > 0);
  const words = used.map((tier, i) =>
    i === 0
      ? `${formatCounted(tiers[tier], 'part of an archive is', 'parts of archives are')} retrieved ${tierNames[tier]}`
      : `${formatCount(tiers[tier])} ${tierNames[tier]}`,
  );
  return words.length === 0 ? '' : `${words.join(', ')}.`;
}
