import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { TargetSummary } from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCounted, formatNames } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button } from '../pieces/controls.tsx';
import { Page } from '../pieces/Page.tsx';
import { Confirm, Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { TargetFields } from './TargetFields.tsx';
import { emptyTargetDraft, isTargetDraftComplete, targetInput } from './targetDraft.ts';

export function VaultsPage() {
  const targets = useAnswer('targets:list', {});
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<TargetSummary | null>(null);
  return (
    <Page
      name="Vaults"
      action={
        <Button kind="primary" onPress={() => setAdding(true)}>
          Add a vault
        </Button>
      }
    >
      <Answered answer={targets}>
        {(all) =>
          all.length === 0 ? (
            <p className="lead">
              A vault is where your archives are kept: at Amazon, on a disk of yours, or here to practise.
            </p>
          ) : (
            <ul className="rows">
              {all.map((target) => (
                <VaultRow key={target.name} target={target} onRemove={() => setRemoving(target)} />
              ))}
            </ul>
          )
        }
      </Answered>
      {isAdding && <AddVault onClose={() => setAdding(false)} />}
      {removing !== null && <RemoveVault target={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

function VaultRow({ target, onRemove }: { target: TargetSummary; onRemove: () => void }) {
  const isUsed = target.plans.length > 0;
  return (
    <li className="plan-row">
      <div className="vault-line">
        <div>
          <h2 className="vault-name">{target.name}</h2>
          <p className="muted">{target.place}</p>
        </div>
        <div className="plan-facts">
          <p>{formatBytes(target.storedBytes)}</p>
          <p className="muted">{formatCounted(target.archives, 'archive')}</p>
        </div>
        <p className="vault-use muted">
          {isUsed ? `Used by ${formatNames(target.plans)}` : 'Not used by a plan'}
        </p>
        <Button kind="quiet" isDisabled={isUsed} aria-label={`Remove ${target.name}`} onPress={onRemove}>
          Remove…
        </Button>
      </div>
    </li>
  );
}

function AddVault({ onClose }: { onClose: () => void }) {
  const add = useAct('targets:add');
  const [draft, setDraft] = useState(() => emptyTargetDraft('folder'));
  const isComplete = isTargetDraftComplete(draft);
  return (
    <Sheet title="Add a vault" onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete) add.mutate(targetInput(draft), { onSuccess: onClose });
        }}
      >
        <TargetFields draft={draft} onChange={setDraft} />
        {add.error !== null && <Trouble failure={add.error.failure} />}
        <div className="actions">
          <Button kind="primary" type="submit" isDisabled={!isComplete || add.isPending}>
            {add.isPending ? 'Looking whether it can be reached…' : 'Add'}
          </Button>
        </div>
      </Form>
    </Sheet>
  );
}

function RemoveVault({ target, onClose }: { target: TargetSummary; onClose: () => void }) {
  const remove = useAct('targets:remove');
  return (
    <Confirm
      title={`Remove ${target.name}?`}
      act="Remove"
      isActing={remove.isPending}
      failure={remove.error?.failure}
      onClose={onClose}
      onConfirm={() => remove.mutate({ name: target.name }, { onSuccess: onClose })}
    >
      <p>
        Permafrost forgets it here. Nothing stored there is touched:{' '}
        {formatCounted(target.archives, 'archive')}, {formatBytes(target.storedBytes)}, which may go on
        costing money.
      </p>
    </Confirm>
  );
}
