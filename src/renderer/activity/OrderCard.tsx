import { useState } from 'react';
import type { OrderSummary } from '../../shared/types.ts';
import { isEnded } from '../../shared/types.ts';
import { useAct, useAnswer, useNow } from '../engine.tsx';
import { formatAgo, formatBytes, formatCount, formatCounted, formatUsd } from '../format.ts';
import { Button } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { Confirm } from '../pieces/Sheet.tsx';
import { HeldUp } from '../pieces/HeldUp.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { ChangeTier } from './ChangeTier.tsx';
import { OrderFolders } from './OrderFolders.tsx';
import { PutBackSheet } from './PutBackSheet.tsx';
import { PutBackState } from './PutBackState.tsx';
import { orderSteps, orderWords, waitWords } from './orderTrack.ts';
import { Track } from './Track.tsx';

const PRACTICE_HOURS = 5;

export function OrderCard({ order }: { order: OrderSummary }) {
  const now = useNow();
  const target = useOrderTarget(order);
  const [open, setOpen] = useState<'folders' | 'tier' | 'stop' | 'put-back' | null>(null);
  const close = () => setOpen(null);
  const isOver = isEnded(order.state);
  return (
    <li className="card order" aria-label={`Restore of ${order.plan}: ${orderWords[order.state]}`}>
      <header className="card-head">
        <div>
          <h3>
            {order.plan} <span className="card-state">{orderWords[order.state]}</span>
          </h3>
          <p className="muted order-to">
            <span>
              {formatCounted(order.files, 'file')}, {formatBytes(order.bytes)}, ordered{' '}
              {formatAgo(order.createdAt, now)}, to
            </span>
            <Elided text={order.to} />
          </p>
        </div>
        <div className="actions">
          {(order.state === 'ordered' || order.state === 'thawing') && target?.kind === 'practice' && (
            <LetHoursPass target={target.name} />
          )}
          {!isOver && (
            <>
              <Button kind="quiet" onPress={() => setOpen('folders')}>
                Details
              </Button>
              {order.retrievals.requested < order.retrievals.total && (
                <Button kind="quiet" onPress={() => setOpen('tier')}>
                  Sooner or cheaper…
                </Button>
              )}
              <Button kind="quiet" onPress={() => setOpen('stop')}>
                Stop…
              </Button>
            </>
          )}
          {isOver && order.restoredFiles > 0 && order.putBack?.state !== 'moving' && (
            <Button onPress={() => setOpen('put-back')}>Put back where it was…</Button>
          )}
        </div>
      </header>
      <Track steps={orderSteps(order)} />
      <p className="muted">{waitWords(order, target?.kind, now)}</p>
      {order.failure !== null && <Trouble failure={order.failure} />}
      <HeldUp by={order.heldUpBy} />
      {isOver && <Result order={order} isPractice={target?.kind === 'practice'} />}
      {order.putBack !== null && <PutBackState order={order} putBack={order.putBack} />}
      {open === 'folders' && !isOver && <OrderFolders order={order} onClose={close} />}
      {open === 'tier' && !isOver && <ChangeTier order={order} onClose={close} />}
      {open === 'stop' && !isOver && <StopOrder order={order} onClose={close} />}
      {open === 'put-back' && <PutBackSheet order={order} onClose={close} />}
    </li>
  );
}

function useOrderTarget(order: OrderSummary) {
  const plan = useAnswer('plans:list', {}).data?.find(({ name }) => name === order.plan);
  const targets = useAnswer('targets:list', {}).data ?? [];
  return targets.find(({ name }) => name === plan?.target);
}

function LetHoursPass({ target }: { target: string }) {
  const advance = useAct('practice:advance');
  return (
    <>
      <Button
        kind="primary"
        isDisabled={advance.isPending}
        onPress={() => advance.mutate({ target, hours: PRACTICE_HOURS })}
      >
        Let {PRACTICE_HOURS} hours pass
      </Button>
      {advance.error !== null && <Trouble failure={advance.error.failure} />}
    </>
  );
}

/** What came of it: where the files are, how many were checked, what is missing. */
function Result({ order, isPractice }: { order: OrderSummary; isPractice: boolean }) {
  return (
    <div className="result">
      {order.restoredFiles > 0 && (
        <p>
          {formatCounted(order.restoredFiles, 'file')} ({formatBytes(order.restoredBytes)}){' '}
          {order.restoredFiles === 1 ? 'is' : 'are'} back, {checkedWords(order)}.
        </p>
      )}
      {order.roots.length > 0 && !hasMovedOn(order) && (
        <ul className="roots">
          {order.roots.map((root) => (
            <li key={root.to}>
              <Elided text={root.source} />
              <span className="muted"> is now at </span>
              <Elided text={root.to} />
            </li>
          ))}
        </ul>
      )}
      {order.metadataProblems > 0 && (
        <p>
          The times or rights of {formatCounted(order.metadataProblems, 'file or folder', 'files or folders')}{' '}
          could not be set. What is in them is right.
        </p>
      )}
      {order.problems.length > 0 && <MissingFiles order={order} />}
      <p className="muted">
        {isPractice ? 'At a real vault this would have been ' : 'Estimated at '}
        {formatUsd(order.estimate.usd)}, with the prices of {order.estimate.priceDate}.
      </p>
    </div>
  );
}

/** Some of it is no longer where it was restored to. */
function hasMovedOn({ putBack }: OrderSummary): boolean {
  return putBack !== null && putBack.moved > 0;
}

function checkedWords({ verifiedFiles, restoredFiles }: OrderSummary): string {
  return verifiedFiles >= restoredFiles
    ? 'and every byte was checked'
    : `${formatCount(verifiedFiles)} of them checked`;
}

const SHOWN_PROBLEMS = 20;

function MissingFiles({ order }: { order: OrderSummary }) {
  const count = Math.max(order.failedFiles, order.problems.length);
  return (
    <details>
      <summary>{formatCounted(count, 'file has', 'files have')} something to say</summary>
      <ul className="problems">
        {order.problems.slice(0, SHOWN_PROBLEMS).map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <Elided text={path} />
            <span className="muted">{message}</span>
          </li>
        ))}
      </ul>
      {count > SHOWN_PROBLEMS && <p className="muted">and {formatCount(count - SHOWN_PROBLEMS)} more</p>}
    </details>
  );
}

function StopOrder({ order, onClose }: { order: OrderSummary; onClose: () => void }) {
  const cancel = useAct('orders:cancel');
  return (
    <Confirm
      title={`Stop getting ${order.plan} back?`}
      act="Stop the restore"
      isActing={cancel.isPending}
      failure={cancel.error?.failure}
      onClose={onClose}
      onConfirm={() => cancel.mutate({ id: order.id }, { onSuccess: onClose })}
    >
      <p>
        Files that are back stay where they are. What was ordered from the vault is charged all the same:{' '}
        {formatUsd(order.estimate.usd)} at most.
      </p>
    </Confirm>
  );
}
