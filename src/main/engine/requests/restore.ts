import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import type { OrderSummary, RestorePreview, Tier } from '../../../shared/types.ts';
import {
  addOrder,
  getOrder,
  listOrders,
  openOrders,
  type NewOrder,
  type OrderRow,
} from '../catalog/orders.ts';
import { saveLocalFiles } from '../catalog/orderProgress.ts';
import { addRetrievals } from '../catalog/retrievals.ts';
import type { PackKey } from '../catalog/ids.ts';
import { getTarget } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, errorCode } from '../failure.ts';
import { findLocalFiles, marksOf, type LocalFiles } from '../restore/localFiles.ts';
import { type OrderPlan, planOrder } from '../restore/orderPlan.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import { chooseWay, type ChosenWay, type Priced } from '../restore/frontier.ts';
import { quoteAll, type Quote, type Quotes, type WantedRange } from '../restore/quote.ts';
import { bytesOf, type SegmentRange, withoutRanges } from '../restore/ranges.ts';
import { SegmentStore } from '../restore/segmentStore.ts';
import { withoutInner } from '../restore/select.ts';
import { folderNames } from '../snapshotPath.ts';
import type { TargetTraits } from '../target/target.ts';
import { Turns } from '../vaults/turns.ts';
import { choosePath, chooseSnapshot, type ChosenSnapshot } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { namedOrder, openOrder } from './namedOrder.ts';
import { mayKeep, type OrderRuns } from './orderRuns.ts';
import type { PutBacks } from './putBacks.ts';
import { steeringRoutes, type SteeringRoutes } from './orderSteering.ts';
import { assertApart, samePath } from './places.ts';
import { windowsOf } from './tierWindows.ts';

type RestoreRoutes = Pick<
  Routes,
  | 'restore:preview'
  | 'restore:order'
  | 'orders:list'
  | 'orders:show'
  | 'orders:cancel'
  | 'orders:resume'
  | keyof SteeringRoutes
>;

type NoWay = Extract<ChosenWay<Priced>, { kind: 'none' }>;
type Asked = Pick<
  ParsedInput<'restore:order'>,
  'snapshot' | 'plan' | 'paths' | 'tier' | 'by' | 'maxUsd' | 'archiveOnly'
>;

export function restoreRoutes(context: EngineContext, orders: OrderRuns, putBacks: PutBacks): RestoreRoutes {
  const { catalog } = context;
  const turns = new Turns();
  return {
    'restore:preview': async (asked) => {
      return preview(await prepare(context, asked));
    },
    // One at a time: two clicks would both find no order there.
    'restore:order': (asked) => turns.take('order', () => order(asked)),
    'orders:list': async () => Promise.all((await listOrders(catalog)).map((order) => orders.summary(order))),
    'orders:show': async ({ id }) => orders.summary(await namedOrder(catalog, id)),
    'orders:cancel': async ({ id }) => {
      const named = await namedOrder(catalog, id);
      // Of an order that has ended, only this can be under way.
      if (await putBacks.stop(named.id)) return orders.summary(await namedOrder(catalog, named.uid));
      const order = await openOrder(catalog, id);
      await orders.cancel(order);
      return orders.summary(await namedOrder(catalog, order.uid));
    },
    'orders:resume': async () => {
      await orders.resume(false);
      return Promise.all((await openOrders(catalog)).map((order) => orders.summary(order)));
    },
    ...steeringRoutes(context, orders),
  };

  async function order(asked: ParsedInput<'restore:order'>): Promise<OrderSummary> {
    context.keys.newest();
    const there = (await openOrders(catalog)).find(({ destination }) => samePath(destination, asked.to));
    if (there === undefined) checkDestination(asked.to, context.profile.root);
    const prepared = await prepare(context, asked);
    if (there !== undefined) {
      // Asked for twice: it is one order, and paid once.
      if (!isSame(there, prepared)) throw taken(there);
      orders.start(there);
      return orders.summary(there);
    }
    const order = await place(context, asked, prepared);
    orders.start(order, prepared.plan);
    return orders.summary(order);
  }
}

interface Prepared {
  readonly chosen: ChosenSnapshot;
  readonly plan: OrderPlan;
  readonly local: LocalFiles;
  /** Segments that lie here from earlier orders, by pack. */
  readonly kept: ReadonlyMap<PackKey, readonly SegmentRange[]>;
  readonly quoted: Quote;
  readonly quotes: Quotes;
  readonly traits: TargetTraits;
}

async function prepare(context: EngineContext, asked: Asked): Promise<Prepared> {
  const { catalog, targets } = context;
  const chosen = await chooseSnapshot(catalog, asked.snapshot, asked.plan);
  const paths: (readonly Buffer[])[] = [];
  for (const where of asked.paths) paths.push((await choosePath(catalog, chosen, where)).names);
  const selection = { plan: chosen.plan.id, snapshot: chosen.snapshot.id, paths: withoutInner(paths) };
  const whole = await planOrder(catalog, selection);
  const row = await getTarget(catalog, chosen.plan.target);
  if (row === undefined) throw new RangeError('a plan without its target');
  const traits = targets.traitsOf(row);
  const isFree = !mayKeep(row, traits);
  const local =
    asked.archiveOnly || isFree ? new Map<number, Buffer>() : await findLocalFiles(catalog, whole);
  const plan = local.size === 0 ? whole : await planOrder(catalog, selection, (file) => local.has(file));
  const kept = asked.archiveOnly || isFree ? new Map<PackKey, SegmentRange[]>() : await keptOf(context, plan);
  const quotes = quoteAll(withoutKept(plan, kept), row, traits, await windowsOf(catalog, row.id));
  return { chosen, plan, local, kept, traits, quotes, quoted: choose(quotes, asked) };
}

/** What of the plan lies here from earlier orders, by pack. */
async function keptOf(
  { kept }: EngineContext,
  { packs }: OrderPlan,
): Promise<ReadonlyMap<PackKey, readonly SegmentRange[]>> {
  const found = await kept.find(packs.map(({ pack }) => pack));
  const used = packs.map(({ pack, needed }) => {
    const ranges = found.get(pack.id) ?? [];
    return [pack.id, withoutRanges(needed, withoutRanges(needed, ranges))] as const;
  });
  return new Map(used.filter(([, ranges]) => ranges.length > 0));
}

function withoutKept(plan: OrderPlan, kept: Prepared['kept']): OrderPlan {
  if (kept.size === 0) return plan;
  const packs = plan.packs.map((need) => ({
    ...need,
    needed: withoutRanges(need.needed, kept.get(need.pack.id) ?? []),
  }));
  return { ...plan, packs: packs.filter(({ needed }) => needed.length > 0) };
}

const MS_PER_HOUR = 3_600_000;

/** @throws EngineError `conflict` when nothing keeps to what was asked */
function choose(quotes: Quotes, { tier, by, maxUsd }: Asked): Quote {
  if (by === undefined && maxUsd === undefined) return quotes.ofTier(tier ?? 'standard');
  if (tier !== undefined) {
    throw new EngineError(
      'invalid',
      'Either the tier is said, or a moment or price that it is chosen by.',
      'Leave one of them out.',
    );
  }
  const wish = {
    ...(by !== undefined && { byHours: (by - Date.now()) / MS_PER_HOUR }),
    ...(maxUsd !== undefined && { maxUsd }),
  };
  const ways = quotes.ways.map((quote) => ({ quote, usd: quote.estimate.usd, hours: quote.hours }));
  const chosen = chooseWay(ways, wish);
  if (chosen.kind === 'way') return chosen.way.quote;
  throw noWay(quotes, chosen);
}

function noWay({ ways }: Quotes, { soonest, cheapest }: Pick<NoWay, 'soonest' | 'cheapest'>): EngineError {
  const told = ({ usd, hours }: Priced): string => `$${usd.toFixed(2)} within ${hoursWords(hours.to)}`;
  const [cheapestOfAll] = ways;
  const offers = [cheapest, soonest].filter((way) => way !== null).map(told);
  const [first = told({ usd: cheapestOfAll.estimate.usd, hours: cheapestOfAll.hours })] = offers;
  const both = [...new Set(offers)].join(', or ');
  return new EngineError(
    'conflict',
    'No way to have these files back is as soon and as cheap as that.',
    `What there is: ${both === '' ? first : both}.`,
    { safe: 'Nothing was asked for.' },
  );
}

function hoursWords(hours: number): string {
  return hours >= 1 ? `${Math.ceil(hours)} h` : `${Math.ceil(hours * 60)} min`;
}

function countTiers(ranges: readonly WantedRange[]): Readonly<Record<Tier, number>> {
  const counts = { expedited: 0, standard: 0, bulk: 0 };
  for (const { tier } of ranges) counts[tier]++;
  return counts;
}

const slowestFirst: readonly Tier[] = ['bulk', 'standard', 'expedited'];

function slowest({ ranges }: Quote): Tier {
  return slowestFirst.find((tier) => ranges.some((range) => range.tier === tier)) ?? 'standard';
}

function preview({
  chosen: { snapshot },
  plan,
  local,
  kept,
  quoted,
  quotes,
  traits,
}: Prepared): RestorePreview {
  const ways = quotes.ways.map(({ estimate, hours, ranges }) => ({
    usd: estimate.usd,
    hours,
    tiers: countTiers(traits.instantRead ? [] : ranges),
  }));
  return {
    snapshot: snapshot.uid,
    files: countNames(plan),
    folders: plan.folders.count,
    bytes: plan.bytes,
    packs: plan.packs.length,
    local: {
      files: local.size,
      bytes: [...local.keys()].reduce((sum, file) => sum + plan.files.sizeOf(file), 0),
    },
    keptBytes: [...kept.values()]
      .flat()
      .reduce((sum, { first, end }) => sum + (end - first) * SEGMENT_BYTES, 0),
    retrieveBytes: quoted.retrieveBytes,
    retrievals: traits.instantRead ? 0 : quoted.ranges.length,
    tier: slowest(quoted),
    tiers: countTiers(traits.instantRead ? [] : quoted.ranges),
    ways,
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
  { catalog, keys, kept: keeper, profile }: EngineContext,
  asked: ParsedInput<'restore:order'>,
  { chosen, plan, local, kept, quoted, traits }: Prepared,
): Promise<OrderRow> {
  const uid = randomBytes(16).toString('hex');
  const store = new SegmentStore(profile.restore, uid);
  const keptPacks = plan.packs.map(({ pack }) => pack).filter(({ id }) => kept.has(id));
  try {
    for (const pack of keptPacks)
      await keeper.give(store, pack, keys.ofEpoch(pack.keyEpoch), kept.get(pack.id) ?? []);
  } catch (error) {
    store.clear();
    throw error;
  }
  const { sources } = chosen.plan;
  const names = folderNames(sources);
  const order: NewOrder = {
    uid,
    snapshot: chosen.snapshot.id,
    selection: plan.selection.paths,
    destination: asked.to,
    wishes: { ownership: asked.ownership, specialBits: asked.specialBits },
    tier: slowest(quoted),
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
    if (local.size > 0) await saveLocalFiles(tx, key, marksOf(local.keys(), plan.files.count));
    const wanted = traits.instantRead ? [] : quoted.ranges;
    await addRetrievals(
      tx,
      key,
      wanted.map(({ need, range, tier }, i) => ({
        pack: need.pack.id,
        range,
        tier,
        description: `p1.${uid}.${i + 1}`,
      })),
    );
    const here = keptPacks.flatMap((pack) => (kept.get(pack.id) ?? []).map((range) => ({ pack, range })));
    await addRetrievals(
      tx,
      key,
      here.map(({ pack, range }, i) => ({
        pack: pack.id,
        range: bytesOf(range),
        tier: order.tier,
        description: `p1.${uid}.kept${i + 1}`,
      })),
      'fetched',
    );
    return key;
  });
  crashpoint('order-placed');
  const row = await getOrder(catalog, id);
  if (row === undefined) throw new RangeError('an order that was just placed is gone');
  return row;
}

function isSame({ snapshot, selection }: OrderRow, { chosen, plan }: Prepared): boolean {
  const words = (paths: OrderRow['selection']): string =>
    JSON.stringify(paths.map((names) => names.map((name) => name.toString('hex'))).sort());
  return snapshot === chosen.snapshot.id && words(selection) === words(plan.selection.paths);
}

function taken({ uid, destination }: OrderRow): EngineError {
  return new EngineError(
    'conflict',
    `Another order restores to ${destination} (${uid.slice(0, 8)}).`,
    'Choose another folder, or wait for that order or cancel it.',
    { safe: 'Nothing was ordered.' },
  );
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
