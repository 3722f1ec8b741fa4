import { Sheet } from '../pieces/Sheet.tsx';
import { PlanForm } from './PlanForm.tsx';

export function NewPlan({ onClose }: { onClose: () => void }) {
  return (
    <Sheet title="New plan" onClose={onClose}>
      <PlanForm onDone={onClose} />
    </Sheet>
  );
}
