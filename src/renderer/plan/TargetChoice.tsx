import { Label, RadioGroup } from 'react-aria-components';
import type { TargetSummary } from '../../shared/types.ts';
import { Choice } from '../pieces/controls.tsx';

/** Which of the vaults there are, or a new one. */
export function TargetChoice({
  targets,
  newValue,
  value,
  onChange,
}: {
  targets: readonly TargetSummary[];
  newValue: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <RadioGroup className="choices" value={value} onChange={onChange}>
      <Label>Vault</Label>
      {targets.map((target) => (
        <Choice key={target.name} value={target.name}>
          <span className="choice-word">{target.name}</span>
          <span className="muted">{target.place}</span>
        </Choice>
      ))}
      <Choice value={newValue}>
        <span className="choice-word">A new one</span>
      </Choice>
    </RadioGroup>
  );
}
