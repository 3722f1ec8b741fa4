/** A run in progress: a thin bar, the file at hand, how fast, how long still. */
import type { RunProgress, RunSummary } from '../../shared/types.ts';
import { useAct, useProgress } from '../engine.tsx';
import { formatBytes, formatCounted, formatLeft, formatRate } from '../format.ts';
import { Bar } from '../pieces/Bar.tsx';
import { Button } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { HeldUp } from '../pieces/HeldUp.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

export function RunNow({ run }: { run: RunSummary }) {
  const cancel = useAct('backup:cancel');
  const live = useProgress(run.plan);
  return (
    <div className="run-now">
      <Bar label={`Backup of ${run.plan}`} fraction={live?.fraction ?? null} />
      <div className="run-line">
        <div className="run-file">
          {live === undefined || live.progress.currentFile === null ? (
            phaseWords[live?.progress.phase ?? 'scanning']
          ) : (
            <Elided text={live.progress.currentFile} />
          )}
        </div>
        <div className="run-left">{live === undefined ? '' : leftOf(live.progress)}</div>
        <Button
          kind="quiet"
          isDisabled={cancel.isPending || cancel.isSuccess}
          onPress={() => cancel.mutate({ run: run.id })}
        >
          {cancel.isSuccess ? 'Stopping…' : 'Stop'}
        </Button>
      </div>
      <p className="muted">{live === undefined ? 'Starting' : countsOf(live.progress)}</p>
      <HeldUp by={live?.progress.heldUpBy ?? null} />
      {cancel.error !== null && <Trouble failure={cancel.error.failure} />}
    </div>
  );
}

const phaseWords: Readonly<Record<RunProgress['phase'], string>> = {
  scanning: 'Looking for changes',
  packing: 'Packing',
  sending: 'Sending the last packs',
  committing: 'Writing the snapshot down',
};

function leftOf(progress: RunProgress): string {
  return progress.secondsLeft === null ? '' : formatLeft(progress.secondsLeft);
}

function countsOf(progress: RunProgress): string {
  const parts = [`${formatCounted(progress.files, 'file')} seen, ${formatBytes(progress.bytes)}`];
  if (progress.readBytes > 0) parts.push(`${formatBytes(progress.readBytes)} read`);
  if (progress.sentBytes > 0) parts.push(`${formatBytes(progress.sentBytes)} sent`);
  if (progress.bytesPerSecond > 0) parts.push(formatRate(progress.bytesPerSecond));
  return parts.join(' · ');
}
