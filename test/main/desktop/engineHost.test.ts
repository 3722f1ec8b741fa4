import { describe, expect, it } from 'vitest';
import { hostEngine } from '../../../src/main/desktop/engineHost.ts';
import type { EngineChild } from '../../../src/main/desktop/engineHost.ts';
import { answerWire } from '../../../src/main/desktop/wire.ts';
import type { FromEngine, ToEngine } from '../../../src/main/desktop/wire.ts';
import type { Reply } from '../../../src/shared/failure.ts';
import type { Link } from '../../../src/shared/windowDoor.ts';
import { scriptedEngine } from './scriptedEngine.ts';

/** A process in this one: messages are copied and arrive later, and it can be told to open, to refuse and to die. */
function childProcess() {
  let toHost: (message: FromEngine) => void = () => undefined;
  let toEngine: (message: ToEngine) => void = () => undefined;
  const exits: (() => void)[] = [];
  const later = <T>(deliver: (message: T) => void, message: T): void => {
    const copy = structuredClone(message);
    setImmediate(() => deliver(copy));
  };
  const child: EngineChild = {
    send: (message) => later((copy) => toEngine(copy), message),
    onMessage: (listener) => (toHost = listener),
    onExit: (listener) => exits.push(listener),
    kill: () => exits.forEach((exit) => exit()),
  };
  const far = scriptedEngine((name) =>
    name === 'never' ? new Promise<Reply<unknown>>(() => undefined) : { ok: true, value: name },
  );
  return {
    child,
    far,
    open: () =>
      answerWire(far.engine, {
        send: (message) => later((copy) => toHost(copy), message),
        onMessage: (listener) => (toEngine = listener),
      }),
    refuse: (message: string) => {
      later((copy) => toHost(copy), {
        kind: 'refused',
        failure: { kind: 'busy', message, advice: '' },
      } as const);
    },
    die: () => exits.forEach((exit) => exit()),
  };
}

function host() {
  const children: ReturnType<typeof childProcess>[] = [];
  const hosted = hostEngine(() => {
    const made = childProcess();
    children.push(made);
    return made.child;
  }, 1);
  const links: Link[] = [];
  hosted.onLink((link) => links.push(link));
  const nth = async (count: number) => {
    while (children.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    return children[count - 1]!;
  };
  return { hosted, links, nth, count: () => children.length };
}

describe('the engine in its process', () => {
  it('is waited for by what is asked while it opens', async () => {
    const { hosted, nth, links } = host();
    const asked = hosted.dispatch('plans:list', {});
    (await nth(1)).open();
    expect(await asked).toEqual({ ok: true, value: 'plans:list' });
    expect(links).toEqual(['up']);
    await hosted.close();
  });

  it('is started again after a crash, which what waited is told', async () => {
    const { hosted, nth, links } = host();
    const first = await nth(1);
    first.open();
    await hosted.dispatch('plans:list', {});
    const waiting = hosted.dispatch('never', {});
    await new Promise((resolve) => setImmediate(resolve));
    first.die();
    expect(await waiting).toMatchObject({ ok: false, failure: { kind: 'offline' } });
    expect(hosted.link()).toBe('gone');
    expect(await hosted.dispatch('plans:list', {})).toMatchObject({ ok: false });
    (await nth(2)).open();
    expect(await hosted.dispatch('plans:list', {})).toEqual({ ok: true, value: 'plans:list' });
    expect(links).toEqual(['up', 'gone', 'up']);
    await hosted.close();
  });

  it('that cannot open the profile says why, until it can', async () => {
    const { hosted, nth } = host();
    const first = await nth(1);
    first.refuse('Another program uses the profile.');
    const reply = await hosted.dispatch('profile:status', {});
    expect(reply).toMatchObject({
      ok: false,
      failure: { kind: 'busy', message: 'Another program uses the profile.' },
    });
    first.die();
    expect(await hosted.dispatch('profile:status', {})).toEqual(reply);
    (await nth(2)).open();
    expect(await hosted.dispatch('profile:status', {})).toMatchObject({ ok: true });
    await hosted.close();
  });

  it('passes its events on, those of the next process too', async () => {
    const { hosted, nth } = host();
    const heard: string[] = [];
    hosted.onEvent((name) => heard.push(name));
    const first = await nth(1);
    first.open();
    await hosted.dispatch('plans:list', {});
    first.far.emit('lists:changed', {});
    await hosted.dispatch('plans:list', {});
    first.die();
    const second = await nth(2);
    second.open();
    await hosted.dispatch('plans:list', {});
    second.far.emit('profile:changed', {
      state: 'open',
      folder: '',
      kitProven: false,
      remembered: false,
      keychainTrouble: null,
    });
    await hosted.dispatch('plans:list', {});
    expect(heard).toEqual(['lists:changed', 'profile:changed']);
    await hosted.close();
  });

  it('is closed at a safe point before its process ends, and stays closed', async () => {
    const { hosted, nth, count } = host();
    const first = await nth(1);
    first.open();
    await hosted.dispatch('plans:list', {});
    await hosted.close();
    expect(first.far.closed()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count()).toBe(1);
  });
});
