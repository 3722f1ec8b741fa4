/**
 * What the window knows of the engine. Answers are kept by request and input; events say which of them are out of date,
 * and the way back from `gone` says it of all. So what is shown after a reload is what is shown without one.
 */
import { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import type { UseMutationResult, UseQueryResult } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import type { Outputs, RequestInput, RequestName } from '../shared/contract.ts';
import type { Failure } from '../shared/failure.ts';
import type { OrderSummary, RunProgress } from '../shared/types.ts';
import type { Link, WindowDoor } from '../shared/windowDoor.ts';
import { openLive } from './live.ts';
import type { Live, Notice } from './live.ts';

/** A `Failure` on its way through code that expects something thrown. */
export class Refusal extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: Refusal;
  }
}

interface House {
  readonly door: WindowDoor;
  readonly live: Live;
}
const HouseContext = createContext<House | null>(null);

function useHouse(): House {
  const house = useContext(HouseContext);
  if (house === null) throw new RangeError('outside of EngineProvider');
  return house;
}

export function EngineProvider({ door, children }: { door: WindowDoor; children: ReactNode }) {
  const [{ queries, live }] = useState(() => ({ queries: openQueries(), live: openLive(door) }));
  useEffect(() => keepFresh(door, queries), [door, queries]);
  useEffect(() => live.listen(), [live]);
  return (
    <HouseContext value={{ door, live }}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </HouseContext>
  );
}

function openQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The engine is on this computer: being offline says nothing, and it says itself whether to try again.
      queries: { networkMode: 'always', retry: false, staleTime: Infinity, refetchOnWindowFocus: false },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

/** What a run, or a change of plans, changes too. */
const money = ['costs:show', 'costs:months', 'prune:preview', 'history:list', 'retention:preview'] as const;

/** What each event puts out of date. Returns how to stop. */
function keepFresh(door: WindowDoor, queries: QueryClient): () => void {
  const stale = (...names: RequestName[]): void => {
    for (const name of names) void queries.invalidateQueries({ queryKey: [name] });
  };
  let link: Link = 'up';
  const ends = [
    door.on('run:started', () => stale('plans:list', 'plans:show', 'runs:list')),
    door.on('run:ended', () =>
      stale('plans:list', 'plans:show', 'runs:list', 'snapshots:list', 'targets:list', ...money),
    ),
    door.on('order:changed', (order) => {
      const known = queries
        .getQueryData<readonly OrderSummary[]>(['orders:list', {}])
        ?.find(({ id }) => id === order.id);
      if (known === undefined || hasMoved(known, order)) stale('orders:folders', 'orders:tier');
      queries.setQueryData<readonly OrderSummary[]>(['orders:list', {}], (orders) =>
        withOrder(orders, order),
      );
    }),
    door.on('lists:changed', () => {
      stale(
        'targets:list',
        'plans:list',
        'plans:show',
        'snapshots:list',
        'runs:list',
        'orders:list',
        'unattended:show',
        ...money,
      );
    }),
    door.on('prune:changed', () => stale('prune:preview', 'history:list')),
    door.on('profile:changed', () => void queries.invalidateQueries()),
    door.onLink((next) => {
      if (next === 'up' && link !== 'up') void queries.invalidateQueries();
      link = next;
    }),
  ];
  return () => ends.forEach((end) => end());
}

/** Whether an archive of it reached another step, not just a file. */
function hasMoved(before: OrderSummary, now: OrderSummary): boolean {
  const [a, b] = [before.retrievals, now.retrievals];
  return (
    before.state !== now.state ||
    a.requested !== b.requested ||
    a.ready !== b.ready ||
    a.fetched !== b.fetched
  );
}

function withOrder(orders: readonly OrderSummary[] | undefined, order: OrderSummary) {
  if (orders === undefined) return undefined;
  const isKnown = orders.some(({ id }) => id === order.id);
  return isKnown ? orders.map((other) => (other.id === order.id ? order : other)) : [order, ...orders];
}

/** The answer to a request, kept and kept fresh. */
export function useAnswer<R extends RequestName>(
  name: R,
  input: RequestInput<R>,
  options: { readonly enabled?: boolean; readonly staleTime?: number; readonly gcTime?: number } = {},
): UseQueryResult<Outputs[R]> {
  const { door } = useHouse();
  return useQuery<Outputs[R]>({
    queryKey: [name, input],
    queryFn: () => ask(door, name, input),
    ...options,
  });
}

/** A request that changes something, sent when `mutate` is called. */
export function useAct<R extends RequestName>(
  name: R,
): UseMutationResult<Outputs[R], Refusal, RequestInput<R>> {
  const { door } = useHouse();
  return useMutation<Outputs[R], Refusal, RequestInput<R>>({ mutationFn: (input) => ask(door, name, input) });
}

async function ask<R extends RequestName>(
  door: WindowDoor,
  name: R,
  input: RequestInput<R>,
): Promise<Outputs[R]> {
  const reply = await door.request(name, input);
  if (!reply.ok) throw new Refusal(reply.failure);
  return reply.value;
}

export function useLink(): Link {
  const { live } = useHouse();
  return useSyncExternalStore(live.subscribe, live.link);
}

/** How far the run of a plan is; undefined while none is on or nothing has been heard of it yet. */
export function useProgress(
  plan: string,
): { readonly progress: RunProgress; readonly fraction: number | null } | undefined {
  const { live } = useHouse();
  return useSyncExternalStore(live.subscribe, () => live.progress(plan));
}

/** What the engine had to say that belongs to no request, newest first, and how to take one away. */
export function useNotices(): readonly [readonly Notice[], (notice: Notice) => void] {
  const { live } = useHouse();
  return [useSyncExternalStore(live.subscribe, live.notices), live.dismiss];
}

/** The time, renewed so that what is said in words about it stays true. */
export function useNow(everyMs = 20_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
