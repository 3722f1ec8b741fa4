/** How far an order is, folder by folder; what is needed most can be put first. */
import { useState } from 'react';
import type { FileStep, OrderFolder, OrderSummary } from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCount, formatCounted, lastName } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button } from '../pieces/controls.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

export function OrderFolders({ order, onClose }: { order: OrderSummary; onClose: () => void }) {
  // From the top down, each by its path.
  const [trail, setTrail] = useState<readonly string[]>([]);
  return (
    <Sheet title="Folder by folder" isWide onClose={onClose}>
      <Folders
        key={trail.length}
        order={order}
        path={trail.at(-1) ?? ''}
        onOpen={(path) => setTrail([...trail, path])}
        onUp={() => setTrail(trail.slice(0, -1))}
      />
    </Sheet>
  );
}

function Folders({
  order,
  path,
  onOpen,
  onUp,
}: {
  order: OrderSummary;
  /** Empty: the top. */
  path: string;
  onOpen: (path: string) => void;
  onUp: () => void;
}) {
  const folders = useAnswer('orders:folders', {
    id: order.id,
    ...(path === '' ? {} : { at: { text: path } }),
  });
  const first = useAct('orders:first');
  return (
    <Answered answer={folders}>
      {([itself, ...inside]) => (
        <>
          {path !== '' && (
            <div className="actions">
              <Button onPress={onUp}>Up</Button>
              <h3>{path}</h3>
            </div>
          )}
          {itself !== undefined && (
            <p className="muted">
              {formatCounted(itself.files, 'file')}, {formatBytes(itself.bytes)}: {stepWords(itself)}
            </p>
          )}
          {inside.length === 0 && <p className="muted">There are no folders in it.</p>}
          <ul className="lines">
            {inside.map((folder) => (
              <li key={folder.path}>
                <div>
                  <button className="open" onClick={() => onOpen(folder.path)}>
                    {lastName(folder.path)}
                  </button>
                  <p className="muted">
                    {formatCounted(folder.files, 'file')}, {formatBytes(folder.bytes)}: {stepWords(folder)}
                  </p>
                </div>
                {folder.steps.done < folder.files && (
                  <Button
                    isDisabled={first.isPending}
                    aria-label={`${lastName(folder.path)} first`}
                    onPress={() => first.mutate({ id: order.id, paths: [{ text: folder.path }] })}
                  >
                    First
                  </Button>
                )}
              </li>
            ))}
          </ul>
          {first.isSuccess && (
            <p role="status">
              Its archives come before all others now. What was asked for already takes the time it takes.
            </p>
          )}
          {first.error !== null && <Trouble failure={first.error.failure} />}
        </>
      )}
    </Answered>
  );
}

const inOrder: readonly (readonly [FileStep, string])[] = [
  ['done', 'done'],
  ['downloaded', 'downloaded'],
  ['ready', 'ready'],
  ['thawing', 'thawing'],
  ['ordered', 'not asked for yet'],
  ['expired', 'expired'],
  ['failed', 'failed'],
];

/** "all done", or "12 done, 3 thawing". */
function stepWords({ files, steps }: OrderFolder): string {
  const counts = inOrder.filter(([step]) => steps[step] > 0);
  const [only] = counts;
  if (only !== undefined && counts.length === 1 && steps[only[0]] === files) return `all ${only[1]}`;
  return counts.map(([step, word]) => `${formatCount(steps[step])} ${word}`).join(', ');
}
