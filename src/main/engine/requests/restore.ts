import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import { isEnded, type RestorePreview } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import {
  addOrder,
  findOrders,
  getOrder,
  listOrders,
  openOrders,
  type NewOrder,
  type OrderRow,
} from '../catalog/orders.ts';
import { addRetrievals } from '../catalog/retrievals.ts';
import { getTarget } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, errorCode } from '../failure.ts';
import { type OrderPlan, planOrder } from '../restore/orderPlan.ts';
import { quote, type Quote } from '../restore/quote.ts';
import { withoutInner } from '../restore/select.ts';
import { folderNames } from '../snapshotPath.ts';
import type { TargetTraits } from '../target/target.ts';
import { choosePath, chooseSnapshot, type ChosenSnapshot } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import type { OrderRuns } from './orderRuns.ts';
import { assertApart } from './places.ts';

type RestoreRoutes = Pick<
  Routes,
  'restore:preview' | 'restore:order' | 'orders:list' | 'orders:show' | 'orders:cancel' | 'orders:resume'
>;

type Asked = Pick<ParsedInput<'restore:order'>, 'snapshot' | 'plan' | 'paths' | 'tier'>;

export function restoreRoutes(context: EngineContext, orders: OrderRuns): RestoreRoutes {
  const { catalog } = context;
  return {
    'restore:preview': async (asked) => {
      const { chosen, plan, quoted, traits } = await prepare(context, asked);
      return preview(asked, chosen, plan, quoted, traits);
    },
    'restore:order': async (asked) => {
      context.keys.newest();
      checkDestination(asked.to, context.profile.root);
      const prepared = await prepare(context, asked);
      const order = await place(catalog, asked, prepared);
      orders.start(order, prepared.plan);
      return orders.summary(order);
    },
    'orders:list': async () => Promise.all((await listOrders(catalog)).map((order) => orders.summary(order))),
    'orders:show': async ({ id }) => orders.summary(await namedOrder(catalog, id)),
    'orders:cancel': async ({ id }) => {
      const order = await namedOrder(catalog, id);
      if (isEnded(order.state)) {
        throw new EngineError(
          'conflict',
          'This order has ended already.',
          'There is nothing left to cancel.',
        );
      }
      await orders.cancel(order);
      return orders.summary(await namedOrder(catalog, order.uid));
    },
    'orders:resume': async () => {
      await orders.resume(false);
      return Promise.all((await openOrders(catalog)).map((order) => orders.summary(order)));
    },
  };
}

interface Prepared {
  readonly chosen: ChosenSnapshot;
  readonly plan: OrderPlan;
  readonly quoted: Quote;
  readonly traits: TargetTraits;
}

async function prepare(context: EngineContext, asked: Asked): Promise<Prepared> {
  const { catalog, targets } = context;
  const chosen = await chooseSnapshot(catalog, asked.snapshot, asked.plan);
  const paths: (readonly Buffer[])[] = [];
  for (const where of asked.paths) paths.push((await choosePath(catalog, chosen, where)).names);
  const selection = { plan: chosen.plan.id, snapshot: chosen.snapshot.id, paths: withoutInner(paths) };
  const plan = await planOrder(catalog, selection);
  const row = await getTarget(catalog, chosen.plan.target);
  if (row === undefined) throw new RangeError('a plan without its target');
  const traits = targets.traitsOf(row);
  return { chosen, plan, traits, quoted: quote(plan, row, traits, asked.tier) };
}

function preview(
  asked: Asked,
  { snapshot }: ChosenSnapshot,
  plan: OrderPlan,
  quoted: Quote,
  traits: TargetTraits,
): RestorePreview {
  return {
    snapshot: snapshot.uid,
    files: countNames(plan),
    folders: plan.folders.count,
    bytes: plan.bytes,
    packs: plan.packs.length,
    retrieveBytes: quoted.retrieveBytes,
    retrievals: traits.instantRead ? 0 : quoted.ranges.length,
    tier: asked.tier,
    hours: quoted.hours,
    estimate: quoted.estimate,
  };
}

/** Names that are restored: files, further names of files, and links. */
function countNames({ files, hardLinks, symlinks }: OrderPlan): number {
  return files.count + hardLinks.length + symlinks;
}

/** Writes the order down, with each retrieval it will ask for; nothing has been asked yet. */
async function place(
  catalog: Catalog,
  asked: ParsedInput<'restore:order'>,
  { chosen, plan, quoted, traits }: Prepared,
): Promise<OrderRow> {
  const uid = randomBytes(16).toString('hex');
  const { sources } = chosen.plan;
  const names = folderNames(sources);
  const order: NewOrder = {
    uid,
    snapshot: chosen.snapshot.id,
    selection: plan.selection.paths,
    destination: asked.to,
    wishes: { ownership: asked.ownership, specialBits: asked.specialBits },
    tier: asked.tier,
    createdAt: Date.now(),
    estimate: quoted.estimate,
    result: {
      files: countNames(plan),
      bytes: plan.bytes,
      restoredFiles: 0,
      restoredBytes: 0,
      roots: sources.map((source, i) => ({
        source: source.toString(),
        to: join(asked.to, String(names[i])),
      })),
      verifiedFiles: 0,
      metadataProblems: 0,
      failedFiles: 0,
      problems: [],
      failure: null,
    },
  };
  const id = await catalog.transaction(async (tx) => {
    const key = await addOrder(tx, order);
    const wanted = traits.instantRead ? [] : quoted.ranges;
    await addRetrievals(
      tx,
      key,
      wanted.map(({ need, range }, i) => ({
        pack: need.pack.id,
        range,
        tier: asked.tier,
        description: `p1.${uid}.${i + 1}`,
      })),
    );
    return key;
  });
  crashpoint('order-placed');
  const row = await getOrder(catalog, id);
  if (row === undefined) throw new RangeError('an order that was just placed is gone');
  return row;
}

/** Says no before anything is paid. The folder is taken, and looked at once more, when the order starts. */
function checkDestination(to: string, profile: string): void {
  if (!isAbsolute(to)) {
    throw new EngineError('invalid', `${to} is not a full path.`, 'Give the path from the top of the disk.');
  }
  assertApart(to, profile, 'The restore folder');
  let names: string[];
  try {
    names = readdirSync(to);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    const what = errorCode(error) === 'ENOTDIR' ? 'is not a folder' : 'cannot be read';
    throw new EngineError('conflict', `${to} ${what}.`, 'Choose a folder that does not exist yet.', {
      cause: error,
    });
  }
  if (names.length === 0) return;
  throw new EngineError(
    'conflict',
    `${to} is not empty.`,
    'Choose an empty folder, or one that does not exist yet.',
    {
      safe: 'Nothing in it was touched, and nothing was ordered.',
    },
  );
}

/** @throws EngineError `not-found`, or `invalid` when a beginning fits several */
async function namedOrder(catalog: Catalog, id: string): Promise<OrderRow> {
  const [found, another] = await findOrders(catalog, id);
  if (found !== undefined && another === undefined) return found;
  if (found === undefined) {
    throw new EngineError('not-found', `There is no order ${id}.`, 'See those there are: permafrost orders.');
  }
  throw new EngineError(
    'invalid',
    `Several orders begin with ${id}.`,
    'Give more digits of the one you mean.',
  );
}
