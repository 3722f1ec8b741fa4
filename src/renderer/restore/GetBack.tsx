/** Orders a restore: where to, how soon, at what price; the price is on show before the button is pressed. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type {
  EntryLine,
  PriceLine,
  RestorePreview,
  SnapshotSummary,
  TargetKind,
  Tier,
} from '../../shared/types.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCounted, formatMoment, formatUsd } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Field } from '../pieces/controls.tsx';
import { Facts } from '../pieces/Facts.tsx';
import { Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { goTo } from '../route.ts';
import { TierChoice } from './TierChoice.tsx';
import { suggestFolder } from './suggestFolder.ts';

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
  const [tier, setTier] = useState<Tier>('standard');
  const [typedFolder, setTypedFolder] = useState<string | null>(null);
  const plan = useAnswer('plans:list', {}).data?.find(({ name }) => name === snapshot.plan);
  const kind = useAnswer('targets:list', {}).data?.find(({ name }) => name === snapshot.target)?.kind;
  const what = { snapshot: snapshot.id, plan: snapshot.plan, paths: entries.map(({ ref }) => ({ ref })) };
  const preview = useAnswer('restore:preview', { ...what, tier });
  const to = typedFolder ?? suggestFolder(plan?.sources ?? [], snapshot.startedAt);
  return (
    <Sheet title={titleOf(snapshot, entries)} onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (to.trim() === '') return;
          order.mutate({ ...what, tier, to: to.trim() }, { onSuccess: () => goTo({ page: 'activity' }) });
        }}
      >
        <p className="muted">As it was on {formatMoment(snapshot.startedAt)}.</p>
        <Field
          label="Put it into"
          hint="A folder that does not exist yet or is empty. Nothing is overwritten."
          value={to}
          onChange={setTypedFolder}
        />
        {kind !== 'folder' && <TierChoice what={what} tier={tier} onChange={setTier} />}
        <Answered answer={preview}>{(known) => <Price preview={known} kind={kind} />}</Answered>
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
            'Fetched for it',
            `${formatBytes(preview.retrieveBytes)} from ${formatCounted(preview.packs, 'archive')}`,
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
