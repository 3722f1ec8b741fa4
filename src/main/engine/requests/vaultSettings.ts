/** Settings of a vault (notifications, access policy, lock, tags) and of the account in its region. */
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import type { ServiceAt } from '../../../shared/names.ts';
import type { Tag } from '../../../shared/vaultTypes.ts';
import { estimate } from '../cost/estimate.ts';
import { vaultPrices } from '../cost/prices.ts';
import { EngineError } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import { buyCapacity } from '../vaults/capacity.ts';
import { abortLock, completeLock, lockStatus, startLock, type LockPlace } from '../vaults/lock.ts';
import {
  allowRead,
  checkedPolicy,
  denyDelete,
  denyDeleteUnder,
  lockConsequences,
} from '../vaults/policyDraft.ts';
import { Turns } from '../vaults/turns.ts';
import type { EngineContext } from './context.ts';
import { serviceKey, vaultOf, withService } from './vaultPlace.ts';

/** As many as the service takes in one request, and as many as a vault has at most. */
const TAGS_AT_ONCE = 10;
const MOST_TAGS = 50;

type Family = 'notifications' | 'accessPolicy' | 'vaultLock' | 'tags' | 'retrievalPolicy' | 'capacity';
type SettingsRoutes = Pick<Routes, Extract<keyof Routes, `${Family}:${string}`>>;

export function vaultSettingsRoutes(context: EngineContext): SettingsRoutes {
  const { catalog } = context;
  /** Locks of one vault, purchases of one account: each looks first, and must not act on what another changes. */
  const turns = new Turns();
  /** The service and the vault that a request means. */
  const within = <T>(
    { at, vault }: { readonly at: ServiceAt; readonly vault?: string | undefined },
    use: (service: VaultService, vault: string) => Promise<T>,
  ): Promise<T> =>
    withService(context, at, async (service) => use(service, await vaultOf(context, at, vault)));
  const locking = <T>(
    input: { readonly at: ServiceAt; readonly vault?: string | undefined },
    use: (place: LockPlace) => Promise<T>,
  ): Promise<T> =>
    within(input, async (service, vault) => {
      const key = await serviceKey(context, input.at);
      return turns.take(`lock|${key}|${vault}`, () => use({ catalog, service, vault, key }));
    });

  return {
    'notifications:show': (input) => within(input, (service, vault) => service.notifications(vault)),
    'notifications:set': ({ topic, events, ...input }) =>
      within(input, async (service, vault) => {
        await service.setNotifications(vault, { topic, events });
        return { topic, events };
      }),
    'notifications:delete': (input) =>
      within(input, async (service, vault) => {
        await service.deleteNotifications(vault);
        return null;
      }),

    'accessPolicy:show': (input) => within(input, (service, vault) => service.accessPolicy(vault)),
    'accessPolicy:set': ({ policy, ...input }) =>
      within(input, async (service, vault) => {
        const document = await accessPolicyOf(policy, service, vault);
        await service.setAccessPolicy(vault, document);
        return document;
      }),
    'accessPolicy:delete': (input) =>
      within(input, async (service, vault) => {
        await service.deleteAccessPolicy(vault);
        return null;
      }),

    'vaultLock:show': (input) => locking(input, lockStatus),
    'vaultLock:preview': ({ policy: wanted, ...input }) =>
      within(input, async (service, vault) => {
        const policy = await lockPolicyOf(wanted, service, vault);
        return { vault, policy, consequences: lockConsequences(policy, 'planned') };
      }),
    'vaultLock:start': ({ policy, ...input }) =>
      locking(input, async (place) =>
        startLock(place, await lockPolicyOf(policy, place.service, place.vault)),
      ),
    'vaultLock:complete': ({ lockId, ...input }) => locking(input, (place) => completeLock(place, lockId)),
    'vaultLock:abort': (input) => locking(input, abortLock),

    'tags:list': (input) => within(input, tagsOf),
    'tags:add': ({ tags, ...input }) => within(input, (service, vault) => addTags(service, vault, tags)),
    'tags:remove': ({ keys, ...input }) =>
      within(input, async (service, vault) => {
        for (const some of inTens(keys)) await service.removeTags(vault, some);
        return tagsOf(service, vault);
      }),

    'retrievalPolicy:show': ({ at }) => withService(context, at, (service) => service.retrievalPolicy()),
    'retrievalPolicy:set': ({ at, policy }) =>
      withService(context, at, async (service) => {
        await service.setRetrievalPolicy(policy);
        return policy;
      }),

    'capacity:list': ({ at }) => withService(context, at, (service) => service.listCapacity()),
    'capacity:preview': ({ at }) =>
      withService(context, at, async (service) => ({
        units: await service.listCapacity(),
        estimate: estimate({ kind: 'capacity', units: 1 }, vaultPrices(service.region)),
      })),
    'capacity:buy': ({ at }) =>
      withService(context, at, async (service) => {
        const key = await serviceKey(context, at);
        return turns.take(`capacity|${key}`, () => buyCapacity(catalog, service, key));
      }),
  };
}

async function accessPolicyOf(
  wanted: ParsedInput<'accessPolicy:set'>['policy'],
  service: VaultService,
  vault: string,
): Promise<string> {
  if ('document' in wanted) return checkedPolicy(wanted.document);
  const { arn } = await service.describeVault(vault);
  return 'denyDelete' in wanted ? denyDelete(arn) : allowRead(wanted.allowRead, arn);
}

async function lockPolicyOf(
  wanted: ParsedInput<'vaultLock:start'>['policy'],
  service: VaultService,
  vault: string,
): Promise<string> {
  if ('document' in wanted) return checkedPolicy(wanted.document);
  return denyDeleteUnder(wanted.denyDeleteDays, (await service.describeVault(vault)).arn);
}

/** By key. */
async function tagsOf(service: VaultService, vault: string): Promise<Tag[]> {
  const tags = await service.tags(vault);
  return Object.entries(tags)
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** All or none, as far as the number of tags decides it: more than ten go in several requests. */
async function addTags(service: VaultService, vault: string, tags: readonly Tag[]): Promise<Tag[]> {
  const keys = new Set([...(await tagsOf(service, vault)), ...tags].map(({ key }) => key));
  if (keys.size > MOST_TAGS) {
    throw new EngineError(
      'conflict',
      `The vault ${vault} would have ${keys.size} tags; it may have ${MOST_TAGS}.`,
      'Remove some first.',
      { safe: 'No tag was changed.' },
    );
  }
  for (const some of inTens(tags)) {
    await service.addTags(vault, Object.fromEntries(some.map(({ key, value }) => [key, value])));
  }
  return tagsOf(service, vault);
}

function inTens<T>(items: readonly T[]): T[][] {
  const tens: T[][] = [];
  for (let at = 0; at < items.length; at += TAGS_AT_ONCE) tens.push(items.slice(at, at + TAGS_AT_ONCE));
  return tens;
}
