import { useState } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { PlanSummary, SnapshotSummary, TargetSummary } from '../../shared/types.ts';
import { RunList } from '../activity/RunList.tsx';
import { useAct, useAnswer, useNow } from '../engine.tsx';
import { formatBytes, formatCounted, formatMoment } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button } from '../pieces/controls.tsx';
import { Facts } from '../pieces/Facts.tsx';
import { MoreIcon } from '../pieces/icons.tsx';
import { Confirm, Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { goTo } from '../route.ts';
import { EditPlan } from './EditPlan.tsx';
import { nextWords, scheduleWords } from './scheduleWords.ts';

export function PlanSheet({
  plan,
  targets,
  onClose,
}: {
  plan: PlanSummary;
  targets: readonly TargetSummary[];
  onClose: () => void;
}) {
  const start = useAct('backup:queue');
  const runs = useAnswer('runs:list', { plan: plan.name, limit: 30 });
  const [open, setOpen] = useState<'edit' | 'remove' | null>(null);
  const now = useNow();
  const target = targets.find(({ name }) => name === plan.target);
  return (
    <Sheet title={plan.name} onClose={onClose}>
      <div className="actions">
        <Button
          kind="primary"
          isDisabled={plan.lastRun?.state === 'running' || plan.isWaiting}
          onPress={() => start.mutate({ plans: [plan.name] })}
        >
          Back up now
        </Button>
        <Button onPress={() => setOpen('edit')}>Edit…</Button>
        <MenuTrigger>
          <Button aria-label="More about this plan">
            <MoreIcon />
          </Button>
          <Popover className="menu-ground">
            <Menu className="menu" onAction={() => setOpen('remove')}>
              <MenuItem id="remove">Remove plan…</MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
      {start.error !== null && <Trouble failure={start.error.failure} />}
      <Facts
        of={[
          ['Folders', <Paths key="folders" paths={plan.sources} />],
          ['Left out', plan.excludes.length === 0 ? '' : <Paths key="excludes" paths={plan.excludes} />],
          [
            'Runs',
            plan.nextRunAt === null
              ? scheduleWords(plan.schedule)
              : `${scheduleWords(plan.schedule)}; next ${nextWords(plan.nextRunAt, now)}`,
          ],
          ['Vault', target === undefined ? plan.target : `${plan.target}: ${target.place}`],
          ['Since', formatMoment(plan.createdAt)],
        ]}
      />
      <section>
        <h3>Snapshots</h3>
        <PlanSnapshots plan={plan} />
      </section>
      <section>
        <h3>Runs</h3>
        <Answered answer={runs}>{(all) => <RunList runs={all} isNamed={false} />}</Answered>
      </section>
      {open === 'remove' && <RemovePlan plan={plan} onClose={() => setOpen(null)} onRemoved={onClose} />}
      {open === 'edit' && (
        <EditPlan
          plan={plan}
          onClose={(name) => {
            setOpen(null);
            if (name !== plan.name) goTo({ page: 'home', plan: name });
          }}
        />
      )}
    </Sheet>
  );
}

function Paths({ paths }: { paths: readonly string[] }) {
  return paths.map((path) => (
    <span className="path" key={path}>
      {path}
    </span>
  ));
}

function PlanSnapshots({ plan }: { plan: PlanSummary }) {
  const snapshots = useAnswer('snapshots:list', { plan: plan.name });
  return (
    <Answered answer={snapshots}>
      {(all) =>
        all.length === 0 ? (
          <p className="muted">None yet. The first backup makes one.</p>
        ) : (
          <ul className="lines">
            {newestFirst(all).map((snapshot) => (
              <li key={snapshot.id}>
                <div>
                  <p>{formatMoment(snapshot.startedAt)}</p>
                  <p className="muted">
                    {formatCounted(snapshot.files, 'file')}, {formatBytes(snapshot.bytes)};{' '}
                    {formatBytes(snapshot.newBytes)} new
                  </p>
                </div>
                <Button kind="quiet" onPress={() => goTo({ page: 'restore', snapshot: snapshot.id })}>
                  Open
                </Button>
              </li>
            ))}
          </ul>
        )
      }
    </Answered>
  );
}

export function newestFirst(snapshots: readonly SnapshotSummary[]): SnapshotSummary[] {
  return snapshots.toSorted((a, b) => b.startedAt - a.startedAt);
}

function RemovePlan({
  plan,
  onClose,
  onRemoved,
}: {
  plan: PlanSummary;
  onClose: () => void;
  onRemoved: () => void;
}) {
  const remove = useAct('plans:remove');
  return (
    <Confirm
      title={`Remove the plan ${plan.name}?`}
      act="Remove plan"
      isActing={remove.isPending}
      failure={remove.error?.failure}
      onClose={onClose}
      onConfirm={() => remove.mutate({ name: plan.name }, { onSuccess: onRemoved })}
    >
      <p>
        Permafrost forgets it and its {formatCounted(plan.snapshots, 'snapshot')} here. The archives stay in{' '}
        {plan.target} and go on costing what they cost. Your folders are not touched.
      </p>
    </Confirm>
  );
}
