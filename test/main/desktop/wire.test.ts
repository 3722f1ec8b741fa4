import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { answerWire, askOverWire } from '../../../src/main/desktop/wire.ts';
import type { FromEngine, ToEngine, WireEnd } from '../../../src/main/desktop/wire.ts';
import type { Reply } from '../../../src/shared/failure.ts';
import { scriptedEngine } from './scriptedEngine.ts';

const ports: MessagePort[] = [];
afterEach(() => ports.splice(0).forEach((port) => port.close()));

function wireEnd<Out, In>(port: MessagePort): WireEnd<Out, In> {
  ports.push(port);
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', listener),
  };
}

function connect(answer: Parameters<typeof scriptedEngine>[0]) {
  const { port1, port2 } = new MessageChannel();
  const far = scriptedEngine(answer);
  const heard: unknown[] = [];
  const client = askOverWire(wireEnd<ToEngine, FromEngine>(port1), (message) => heard.push(message));
  answerWire(far.engine, wireEnd<FromEngine, ToEngine>(port2));
  return { far, client, heard };
}

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('over a wire', () => {
  it('the engine says first that it is open', async () => {
    const { heard } = connect(() => ({ ok: true, value: null }));
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'opened' }]);
  });

  it('a request comes back with its reply', async () => {
    const { client } = connect((name, input) => ({ ok: true, value: { name, input } }));
    expect(await client.ask('plans:show', { name: 'Photos' })).toEqual({
      ok: true,
      value: { name: 'plans:show', input: { name: 'Photos' } },
    });
  });

  it('a failure crosses whole', async () => {
    const reply: Reply<never> = {
      ok: false,
      failure: { kind: 'denied', message: 'No.', safe: 'All.', advice: 'Ask.' },
    };
    expect(await connect(() => reply).client.ask('plans:list', {})).toEqual(reply);
  });

  it('answers find their requests in any order', async () => {
    const waits: ((reply: Reply<unknown>) => void)[] = [];
    const { client } = connect(() => new Promise((resolve) => waits.push(resolve)));
    const asked = [client.ask('plans:list', {}), client.ask('targets:list', {})];
    await until(() => waits.length === 2);
    waits[1]?.({ ok: true, value: 'second' });
    waits[0]?.({ ok: true, value: 'first' });
    expect(await Promise.all(asked)).toEqual([
      { ok: true, value: 'first' },
      { ok: true, value: 'second' },
    ]);
  });

  it('events arrive in order', async () => {
    const { far, heard } = connect(() => ({ ok: true, value: null }));
    far.emit('lists:changed', {});
    far.emit('engine:notice', { kind: 'offline', message: 'm', advice: 'a' });
    await until(() => heard.length === 3);
    expect(heard.slice(1)).toEqual([
      { kind: 'event', name: 'lists:changed', payload: {} },
      { kind: 'event', name: 'engine:notice', payload: { kind: 'offline', message: 'm', advice: 'a' } },
    ]);
  });

  it('closing closes the engine, and nothing is heard of it after', async () => {
    const { far, client, heard } = connect(() => ({ ok: true, value: null }));
    expect(await client.close()).toEqual({ ok: true, value: null });
    expect(far.closed()).toBe(1);
    far.emit('lists:changed', {});
    expect(heard).toEqual([{ kind: 'opened' }]);
  });

  it('what waits when the other end is gone is answered with a failure', async () => {
    const { client } = connect(() => new Promise(() => undefined));
    const asked = client.ask('plans:list', {});
    const failure = { kind: 'offline', message: 'Gone.', advice: 'Wait.' } as const;
    client.giveUp(failure);
    expect(await asked).toEqual({ ok: false, failure });
  });
});
