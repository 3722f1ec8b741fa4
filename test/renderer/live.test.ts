import { describe, expect, it } from 'vitest';
import { openLive } from '../../src/renderer/live.ts';
import type { EventName, Events } from '../../src/shared/contract.ts';
import type { RunProgress } from '../../src/shared/types.ts';
import type { Link, WindowDoor } from '../../src/shared/windowDoor.ts';

function listen() {
  const listeners = new Map<string, (payload: never) => void>();
  let setLink: (link: Link) => void = () => undefined;
  const door: WindowDoor = {
    request: () => Promise.reject(new RangeError('nothing is asked here')),
    on: (event, listener) => {
      listeners.set(event, listener);
      return () => listeners.delete(event);
    },
    onLink: (listener) => {
      setLink = listener;
      return () => undefined;
    },
  };
  let now = 0;
  const live = openLive(door, () => now);
  const end = live.listen();
  return {
    live,
    end,
    at: (ms: number) => (now = ms),
    link: (link: Link) => setLink(link),
    emit: <E extends EventName>(event: E, payload: Events[E]) =>
      (listeners.get(event) as ((payload: Events[E]) => void) | undefined)?.(payload),
    listening: () => listeners.size,
  };
}

const progress = (run: number, secondsLeft: number | null): RunProgress => ({
  run,
  plan: 'Photos',
  phase: 'packing',
  currentFile: null,
  files: 1,
  bytes: 1,
  readBytes: 1,
  sentBytes: 0,
  waitingBytes: 0,
  bytesPerSecond: 0,
  secondsLeft,
  heldUpBy: null,
});

describe('what passes', () => {
  it('progress counts from the first that was heard of a run, and begins anew with the next', () => {
    const { live, emit, at } = listen();
    emit('run:progress', progress(1, null));
    expect(live.progress('Photos')?.fraction).toBeNull();
    at(30_000);
    emit('run:progress', progress(1, 90));
    expect(live.progress('Photos')?.fraction).toBe(0.25);
    emit('run:progress', progress(2, 90));
    expect(live.progress('Photos')?.fraction).toBe(0);
  });

  it('progress is not shown of an engine that cannot be reached', () => {
    const { live, emit, link } = listen();
    emit('run:progress', progress(1, 90));
    link('gone');
    expect(live.link()).toBe('gone');
    expect(live.progress('Photos')).toBeUndefined();
  });

  it('the newest five notices stay until they are dismissed', () => {
    const { live, emit } = listen();
    for (const message of ['a', 'b', 'c', 'd', 'e', 'f'])
      emit('engine:notice', { kind: 'offline', message, advice: '' });
    const said = () => live.notices().map(({ failure }) => failure.message);
    expect(said()).toEqual(['f', 'e', 'd', 'c', 'b']);
    live.dismiss(live.notices()[0]!);
    expect(said()).toEqual(['e', 'd', 'c', 'b']);
  });

  it('tells its subscribers, and listens no more when it ends', () => {
    const { live, emit, end, listening } = listen();
    let told = 0;
    const leave = live.subscribe(() => (told += 1));
    emit('run:progress', progress(1, 90));
    leave();
    emit('run:progress', progress(1, 80));
    expect(told).toBe(1);
    end();
    expect(listening()).toBe(0);
  });
});
