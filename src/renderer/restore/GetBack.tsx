/** Orders a restore: where to, how soon, at what price; the price is on show before the button is pressed. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type {
  EntryLine,
  PriceLine,
  RestorePreview,
  SnapshotSummary,
  TargetKind,
} from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCounted, formatMoment, formatUsd } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Checkbox, Field } from '../pieces/controls.tsx';
import { Facts } from '../pieces/Facts.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { goTo } from '../route.ts';
import { suggestFolder } from './suggestFolder.ts';
import { WayChoice } from './WayChoice.tsx';
import { firstWay } from './ways.ts';

export function GetBack({
  snapshot,
  entries,
  onClose,
}: {
  snapshot: SnapshotSummary;
  /** Empty: everything. */
  entries: readonly EntryLine[];
  onClose: () => void;
}) {
  const order = useAct('restore:order');
  const [typedFolder, setTypedFolder] = useState<string | null>(null);
  const [isArchiveOnly, setArchiveOnly] = useState(false);
  const [chosenWay, setChosenWay] = useState<number | null>(null);
  const plan = useAnswer('plans:list', {}).data?.find(({ name }) => name === snapshot.plan);
  const kind = useAnswer('targets:list', {}).data?.find(({ name }) => name === snapshot.target)?.kind;
  const what = {
    ...{ snapshot: snapshot.id, plan: snapshot.plan, archiveOnly: isArchiveOnly },
    paths: entries.map(({ ref }) => ({ ref })),
  };
  const offered = useAnswer('restore:preview', what);
  const ways = offered.data?.ways ?? [];
  const at = Math.min(
    chosenWay ?? (offered.data === undefined ? 0 : firstWay(offered.data)),
    ways.length - 1,
  );
  const way = ways[at];
  // A price names a way: the soonest that costs no more.
  const how = way === undefined || ways.length < 2 ? {} : { maxUsd: way.usd };
  const preview = useAnswer('restore:preview', { ...what, ...how }, { enabled: way !== undefined });
  const to = typedFolder ?? suggestFolder(plan?.sources ?? [], snapshot.startedAt);
  const local = offered.data?.local.files ?? 0;
  return (
    <Sheet title={titleOf(snapshot, entries)} onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (to.trim() === '') return;
          order.mutate({ ...what, ...how, to: to.trim() }, { onSuccess: () => goTo({ page: 'activity' }) });
        }}
      >
        <p className="muted">As it was on {formatMoment(snapshot.startedAt)}.</p>
        <Field
          label="Put it into"
          hint="A folder that does not exist yet or is empty. Nothing is overwritten; when it is there, it can be put back where it was."
          value={to}
          onChange={setTypedFolder}
        />
        {ways.length > 1 && <WayChoice ways={ways} chosen={at} onChange={setChosenWay} />}
        {(local > 0 || isArchiveOnly) && (
          <Checkbox isSelected={isArchiveOnly} onChange={setArchiveOnly}>
            Take nothing from this computer, have everything from the archives
          </Checkbox>
        )}
        <Answered answer={offered.error === null ? preview : offered}>
          {(known) => <Price preview={known} kind={kind} />}
        </Answered>
        {order.error !== null && <Trouble failure={order.error.failure} />}
        <div className="actions">
          <Button
            kind="primary"
            type="submit"
            isDisabled={to.trim() === '' || preview.data === undefined || order.isPending}
          >
            {order.isPending ? 'Ordering…' : 'Get back'}
          </Button>
        </div>
      </Form>
    </Sheet>
  );
}

function titleOf(snapshot: SnapshotSummary, entries: readonly EntryLine[]): string {
  const [first] = entries;
  if (first === undefined) return `Get all of ${snapshot.plan} back`;
  return entries.length === 1 ? `Get ${first.name} back` : `Get ${entries.length} things back`;
}

function Price({ preview, kind }: { preview: RestorePreview; kind: TargetKind | undefined }) {
  const { estimate } = preview;
  return (
    <>
      <Facts
        of={[
          ['Comes back', `${formatCounted(preview.files, 'file')}, ${formatBytes(preview.bytes)}`],
          [
            'Still here',
            preview.local.files === 0
              ? ''
              : `${formatCounted(preview.local.files, 'file')}, ${formatBytes(preview.local.bytes)}, copied from this computer and proven`,
          ],
          [
            'Kept here',
            preview.keptBytes === 0
              ? ''
              : `${formatBytes(preview.keptBytes)} of earlier restores, not paid again`,
          ],
          [
            'Fetched for it',
            preview.retrieveBytes === 0
              ? 'nothing'
              : `${formatBytes(preview.retrieveBytes)} from ${formatCounted(preview.packs, 'archive')}`,
          ],
          [
            'Price',
            <strong key="price">
              {kind === 'practice'
                ? `nothing; at a real vault ${formatUsd(estimate.usd)}`
                : formatUsd(estimate.usd)}
            </strong>,
          ],
        ]}
      />
      {estimate.lines.length > 0 && (
        <details className="price-lines">
          <summary>How the price is made up</summary>
          <table>
            <tbody>
              {estimate.lines.map((line) => (
                <tr key={line.what}>
                  <th scope="row">{line.what}</th>
                  <td className="number">{quantityWords(line)}</td>
                  <td className="number">{formatUsd(line.usd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="muted">
            Prices of {estimate.priceDate}, {estimate.region}.
          </p>
        </details>
      )}
    </>
  );
}

function quantityWords({ quantity, unit }: PriceLine): string {
  const amount = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 }).format(quantity);
  return `${amount} ${quantity === 1 ? unit.replace(/s$/, '') : unit}`;
}
