import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLock } from '../../../../src/main/engine/catalog/vaultLocks.ts';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { serviceKey } from '../../../../src/main/engine/requests/vaultPlace.ts';
import { ConsoleScene } from './consoleScene.ts';

const HOUR = 3_600_000;
const topic = 'arn:aws:sns:us-east-1:123456789012:cold';

let scene: ConsoleScene;
beforeEach(async () => {
  scene = new ConsoleScene();
  await scene.start();
});
afterEach(() => scene.remove());

describe('notifications of a vault', () => {
  it('are none, then those that were set, then none again', async () => {
    expect(await scene.ask('notifications:show', scene.photos)).toBeNull();
    await scene.ask('notifications:set', { ...scene.photos, topic });
    expect(await scene.ask('notifications:show', scene.photos)).toEqual({
      topic,
      events: ['archive-ready', 'inventory-ready'],
    });
    await scene.ask('notifications:set', { ...scene.photos, topic, events: ['inventory-ready'] });
    expect(await scene.ask('notifications:show', scene.photos)).toEqual({
      topic,
      events: ['inventory-ready'],
    });
    expect(await scene.ask('notifications:delete', scene.photos)).toBeNull();
    expect(await scene.ask('notifications:show', scene.photos)).toBeNull();
  });

  it('are not none where the vault does not exist', async () => {
    const missing = { at: scene.at, vault: 'missing' };
    for (const request of ['notifications:show', 'accessPolicy:show', 'vaultLock:show'] as const) {
      expect(await scene.refusal(request, missing)).toMatchObject({
        kind: 'not-found',
        message: 'There is no vault missing in us-east-1 for these credentials.',
      });
    }
    expect(await scene.refusal('notifications:set', { ...missing, topic })).toMatchObject({
      kind: 'not-found',
    });
  });

  it('want the ARN of a topic', async () => {
    expect(await scene.refusal('notifications:set', { ...scene.photos, topic: 'cold' })).toMatchObject({
      kind: 'invalid',
    });
  });
});

describe('the access policy of a vault', () => {
  it('acts while it is set', async () => {
    expect(await scene.ask('accessPolicy:show', scene.photos)).toBeNull();
    await scene.ask('accessPolicy:set', { ...scene.photos, policy: { denyDelete: true } });
    const set = await scene.ask('accessPolicy:show', scene.photos);
    expect(JSON.parse(set ?? '')).toMatchObject({
      Statement: [{ Effect: 'Deny', Action: 'glacier:DeleteArchive' }],
    });
    await scene.ask('accessPolicy:delete', scene.photos);
    expect(await scene.ask('accessPolicy:show', scene.photos)).toBeNull();
  });

  it('may let another account read', async () => {
    const policy = { allowRead: '210987654321' };
    await scene.ask('accessPolicy:set', { ...scene.photos, policy });
    expect(await scene.ask('accessPolicy:show', scene.photos)).toContain('arn:aws:iam::210987654321:root');
  });

  it('is refused where it is none, here or by the service', async () => {
    const set = (document: string) =>
      scene.refusal('accessPolicy:set', { ...scene.photos, policy: { document } });
    expect(await set('{"Version":')).toMatchObject({ kind: 'invalid' });
    expect((await set('{"Version":')).message).toMatch(/^The policy is not JSON: /);
    expect((await set('{}')).message).toBe('The policy has no statements that say Allow or Deny.');
    const byService = await set('{"Statement":[{"Effect":"Allow"}]}');
    expect(byService).toMatchObject({ kind: 'invalid', advice: 'Correct what was given, then try again.' });
    expect(byService.message).toMatch(/^AWS refused SetVaultAccessPolicy on vault photos in us-east-1: /);
  });
});

describe('the lock of a vault', () => {
  const policy = { denyDeleteDays: 365 };

  it('is tested for a day, with its id kept over a restart, then completed for good', async () => {
    expect(await scene.ask('vaultLock:show', scene.photos)).toMatchObject({ state: 'none', lockId: null });
    const preview = await scene.ask('vaultLock:preview', { ...scene.photos, policy });
    expect(preview.consequences.join(' ')).toMatch(/younger than 365 days.*24 hours.*never be changed/);
    expect(await scene.ask('vaultLock:show', scene.photos)).toMatchObject({ state: 'none' });

    const started = await scene.ask('vaultLock:start', { ...scene.photos, policy });
    expect(started).toMatchObject({ vault: 'photos', state: 'testing', policy: preview.policy });
    expect(started.lockId).toMatch(/\S{20,}/);
    expect(started.expiresAt! - started.createdAt!).toBe(24 * HOUR);
    expect(started.leftMs).toBeGreaterThan(23.9 * HOUR);
    // The service tells its time in whole seconds.
    expect(started.leftMs).toBeLessThanOrEqual(24 * HOUR + 2000);
    expect(await scene.refusal('vaultLock:start', { ...scene.photos, policy })).toMatchObject({
      kind: 'conflict',
      message: 'A lock of the vault photos is being tested already.',
    });

    await scene.close();
    await scene.open();
    expect((await scene.ask('vaultLock:show', scene.photos)).lockId).toBe(started.lockId);
    const locked = await scene.ask('vaultLock:complete', { ...scene.photos, accept: true });
    expect(locked).toMatchObject({ state: 'locked', lockId: null, expiresAt: null, leftMs: null });
    expect(locked.consequences.join(' ')).toMatch(/for good/);
    expect(await scene.ask('vaultLock:complete', { ...scene.photos, accept: true })).toEqual(locked);
    const refused = {
      kind: 'conflict',
      message: 'The vault photos is locked for good; its lock cannot be changed, taken back or replaced.',
    };
    expect(await scene.refusal('vaultLock:start', { ...scene.photos, policy })).toMatchObject(refused);
    expect(await scene.refusal('vaultLock:abort', scene.photos)).toMatchObject(refused);
  });

  it('has to be accepted as final', async () => {
    await scene.ask('vaultLock:start', { ...scene.photos, policy });
    expect(await scene.refusal('vaultLock:complete', scene.photos as never)).toMatchObject({
      kind: 'invalid',
      message: 'That a lock is for good has to be accepted.',
    });
    expect(await scene.ask('vaultLock:show', scene.photos)).toMatchObject({ state: 'testing' });
  });

  it('can be aborted while it is tested, and started anew', async () => {
    const first = await scene.ask('vaultLock:start', { ...scene.photos, policy });
    expect(await scene.ask('vaultLock:abort', scene.photos)).toMatchObject({
      state: 'none',
      consequences: [],
    });
    expect(await scene.ask('vaultLock:abort', scene.photos)).toMatchObject({ state: 'none' });
    const second = await scene.ask('vaultLock:start', { ...scene.photos, policy });
    expect(second.lockId).not.toBe(first.lockId);
    const wrong = { ...scene.photos, accept: true, lockId: first.lockId! } as const;
    expect(await scene.refusal('vaultLock:complete', wrong)).toMatchObject({ kind: 'invalid' });
  });

  it('lapses by itself after its day', async () => {
    await scene.ask('vaultLock:start', { ...scene.photos, policy });
    scene.simulator.advance(24 * HOUR);
    expect(await scene.ask('vaultLock:show', scene.photos)).toMatchObject({ state: 'none' });
    expect(await scene.refusal('vaultLock:complete', { ...scene.photos, accept: true })).toMatchObject({
      kind: 'conflict',
      advice: 'Start the lock again.',
    });
  });

  it('shows the time that is left by the service’s own clock', async () => {
    await scene.ask('targets:add', { name: 'cold', settings: { kind: 'practice', speed: 0.001 } });
    const cold = { at: { target: 'cold' } };
    await scene.ask('vaultLock:start', { ...cold, policy });
    await scene.ask('practice:advance', { target: 'cold', hours: 20 });
    const { leftMs } = await scene.ask('vaultLock:show', cold);
    expect(leftMs).toBeLessThanOrEqual(4 * HOUR);
    expect(leftMs).toBeGreaterThan(3.9 * HOUR);
  });

  it('is known by its id though the answer to its start was lost', async () => {
    scene.simulator.failNext({ operation: 'InitiateVaultLock', when: 'drop-after' });
    const started = await scene.ask('vaultLock:start', { ...scene.photos, policy });
    expect(started.lockId).toMatch(/\S{20,}/);
    expect(await scene.ask('vaultLock:complete', { ...scene.photos, accept: true })).toMatchObject({
      state: 'locked',
    });
  });

  it('is started once the service answers again', async () => {
    scene.simulator.failNext({ operation: 'InitiateVaultLock', when: 'drop-before' });
    expect(await scene.ask('vaultLock:start', { ...scene.photos, policy })).toMatchObject({
      state: 'testing',
    });
  });

  it('says that its id is not known here when another program has started it', async () => {
    await scene.ask('vaultLock:start', { ...scene.photos, policy });
    const other = new ConsoleScene();
    try {
      await other.open();
      expect(await other.ask('vaultLock:show', scene.photos)).toMatchObject({
        state: 'testing',
        lockId: null,
      });
      expect(await other.refusal('vaultLock:complete', { ...scene.photos, accept: true })).toMatchObject({
        kind: 'invalid',
        message: 'The id of the lock of the vault photos is not known here.',
      });
    } finally {
      await other.remove();
    }
  });

  it('that is started twice at once is known by its id', async () => {
    const ask = () => scene.engine.request('vaultLock:start', { ...scene.photos, policy });
    const replies = await Promise.all([ask(), ask(), ask()]);
    expect(replies.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect((await scene.ask('vaultLock:show', scene.photos)).lockId).toMatch(/\S{20,}/);
    expect(await scene.ask('vaultLock:complete', { ...scene.photos, accept: true })).toMatchObject({
      state: 'locked',
    });
  });

  it('leaves nothing behind when its policy is refused', async () => {
    const document = '{"Statement":[{"Effect":"Deny"}]}';
    expect(await scene.refusal('vaultLock:start', { ...scene.photos, policy: { document } })).toMatchObject({
      kind: 'invalid',
    });
    const { at } = scene;
    await scene.close();
    const catalog = await openCatalog(scene.path('profile', 'catalog.db'));
    try {
      const key = await serviceKey({ catalog }, at);
      expect(await findLock(catalog, key, 'photos')).toBeUndefined();
    } finally {
      await catalog.close();
    }
  });
});

describe('tags of a vault', () => {
  it('are added in any number up to 50, replaced and removed', async () => {
    expect(await scene.ask('tags:list', scene.photos)).toEqual([]);
    const tags = Array.from({ length: 23 }, (_, i) => ({
      key: `key ${String(i).padStart(2, '0')}`,
      value: `värde ${i}`,
    }));
    expect(await scene.ask('tags:add', { ...scene.photos, tags })).toEqual(tags);
    const replaced = [{ key: 'key 00', value: '' }];
    expect((await scene.ask('tags:add', { ...scene.photos, tags: replaced }))[0]).toEqual(replaced[0]);
    const keys = [...tags.slice(1).map(({ key }) => key), 'never there'];
    expect(await scene.ask('tags:remove', { ...scene.photos, keys })).toEqual(replaced);
  });

  it('beyond 50 are refused before any is added', async () => {
    const tags = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => ({ key: `${prefix}${i}`, value: '' }));
    await scene.ask('tags:add', { ...scene.photos, tags: tags('a', 45) });
    expect(await scene.refusal('tags:add', { ...scene.photos, tags: tags('b', 6) })).toMatchObject({
      kind: 'conflict',
      message: 'The vault photos would have 51 tags; it may have 50.',
    });
    expect(await scene.ask('tags:list', scene.photos)).toHaveLength(45);
  });

  it.each(['', 'aws:mine', 'a:b', 'a\nb', 'k'.repeat(129)])('cannot have the key %j', async (key) => {
    const tags = [{ key, value: '' }];
    expect(await scene.refusal('tags:add', { ...scene.photos, tags })).toMatchObject({ kind: 'invalid' });
  });
});

describe('what holds for the account in a region', () => {
  it('is a data-retrieval policy of three kinds', async () => {
    const { at } = scene;
    expect(await scene.ask('retrievalPolicy:show', { at })).toEqual({ kind: 'none' });
    for (const policy of [
      { kind: 'free-tier' },
      { kind: 'rate', bytesPerHour: 10 * 2 ** 30 },
      { kind: 'none' },
    ] as const) {
      await scene.ask('retrievalPolicy:set', { at, policy });
      expect(await scene.ask('retrievalPolicy:show', { at })).toEqual(policy);
    }
  });

  it('is provisioned capacity, whose price is said first and has to be accepted', async () => {
    const { at } = scene;
    expect(await scene.ask('capacity:preview', { at })).toMatchObject({
      units: [],
      estimate: { usd: 100, lines: [{ what: 'Provisioned capacity', quantity: 1, usd: 100 }] },
    });
    expect(await scene.refusal('capacity:buy', { at } as never)).toMatchObject({
      kind: 'invalid',
      message: 'The price has to be accepted.',
    });
    const [unit] = await scene.ask('capacity:buy', { at, accept: true });
    expect(unit!.expiresAt - unit!.startsAt).toBeGreaterThan(27 * 24 * HOUR);
    expect(await scene.ask('capacity:list', { at })).toEqual([unit]);
  });

  it('is never bought twice because an answer was lost', async () => {
    scene.simulator.failNext({ operation: 'PurchaseProvisionedCapacity', when: 'drop-after' });
    expect(await scene.ask('capacity:buy', { at: scene.at, accept: true })).toHaveLength(1);
    expect(await scene.ask('capacity:buy', { at: scene.at, accept: true })).toHaveLength(2);
    expect(await scene.refusal('capacity:buy', { at: scene.at, accept: true })).toMatchObject({
      kind: 'conflict',
    });
  });

  it('is not bought again before it is known what became of a purchase', async () => {
    const buy = { at: scene.at, accept: true } as const;
    scene.simulator.failNext({ operation: 'PurchaseProvisionedCapacity', when: 'drop-after' });
    // The first listing is answered, those after the purchase are not.
    scene.simulator.failNext({
      operation: 'ListProvisionedCapacity',
      when: 'drop-before',
      after: 2,
      times: 1000,
    });
    expect(await scene.refusal('capacity:buy', buy)).toMatchObject({ kind: 'offline' });
    scene.simulator.clearFaults();
    const [unit] = await scene.ask('capacity:list', { at: scene.at });
    expect(await scene.refusal('capacity:buy', buy)).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining(unit?.id ?? 'no unit') as string,
      safe: 'Nothing was bought now.',
    });
    expect(await scene.ask('capacity:buy', buy)).toHaveLength(2);
  });

  it('is not bought again within a minute of a purchase that may yet show', async () => {
    const buy = { at: scene.at, accept: true } as const;
    scene.simulator.failNext({ operation: 'PurchaseProvisionedCapacity', when: 'drop-before', times: 1000 });
    expect(await scene.refusal('capacity:buy', buy)).toMatchObject({ kind: 'offline' });
    scene.simulator.clearFaults();
    expect(await scene.refusal('capacity:buy', buy)).toMatchObject({
      kind: 'conflict',
      safe: 'Nothing was bought now.',
    });
    expect(await scene.ask('capacity:list', { at: scene.at })).toEqual([]);
  });
});
