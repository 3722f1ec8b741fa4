/**
 * The simulator's own door, /-simulator/…, for other processes: move the clock, order faults, look inside.
 *
 * It takes no keys, so it must not be open to web pages: the Host must be a loopback name (no rebinding), no Origin
 * is allowed, and a POST must be JSON (which a page cannot send across origins without asking first).
 */
import { z } from 'zod';
import type { BillRange } from './bill/meter.ts';
import type { Clock } from './clock.ts';
import {
  type Answer,
  emptyReply,
  header,
  type Incoming,
  jsonReply,
  type Reply,
  type Service,
} from './exchange.ts';
import { acts, type Conditions } from './faults.ts';
import { readFaults, whatIsWrong } from './faultScript.ts';

const MOST_BODY_BYTES = 64 * 1024;

/** What can be done to a simulator from outside. */
export interface Controls {
  readonly conditions: Conditions;
  readonly clock: Pick<Clock, 'advance' | 'serviceNow' | 'setSpeed'>;
  /** What it all costs: totals, and if asked for every row. */
  bill(range: BillRange, rows: boolean): Promise<object>;
  /** Anything worth a look, as JSON. */
  state(): object;
  /** What topics were told, oldest first, as JSON. */
  messages(): Promise<readonly object[]>;
}

const modeShape = z.strictObject({
  noLongerSupported: z.boolean().optional(),
  denyAll: z.boolean().optional(),
  noExpeditedCapacity: z.boolean().optional(),
  transportSkewMs: z.number().optional(),
});

/** Epoch ms or an ISO date, or a day. */
const moment = z.union([
  z.string().regex(/^\d+$/).transform(Number),
  z.union([z.iso.datetime(), z.iso.date()]).transform((text) => Date.parse(text)),
]);
const billQuery = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  rows: z.enum(['true', 'false']).optional(),
});

export function controlService(controls: Controls): Service {
  return {
    claims: ({ path }) => path.startsWith('/-simulator/'),
    answer: async (incoming): Promise<Answer> => {
      try {
        return refusal(incoming) ?? (await act(controls, incoming));
      } catch (error) {
        if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof RangeError) {
          return problem(400, error instanceof z.ZodError ? whatIsWrong(error) : error.message);
        }
        return problem(500, String(error));
      }
    },
    stalled: () => problem(408, 'The body stalled.'),
  };
}

function refusal(incoming: Incoming): Reply | null {
  const host = (header(incoming, 'host') ?? '').replace(/:\d+$/, '');
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) return problem(403, 'Only by a loopback name.');
  if (header(incoming, 'origin') !== undefined) return problem(403, 'Not for web pages.');
  const contentType = header(incoming, 'content-type') ?? '';
  if (incoming.method === 'POST' && !/^application\/json *(;|$)/i.test(contentType))
    return problem(415, 'Only application/json.');
  return null;
}

async function act(controls: Controls, incoming: Incoming): Promise<Reply> {
  const wanted = `${incoming.method} ${incoming.path.slice('/-simulator/'.length)}`;
  switch (wanted) {
    case 'GET bill': {
      const { rows, ...range } = billQuery.parse(Object.fromEntries(new URLSearchParams(incoming.query)));
      return jsonReply(200, await controls.bill(range, rows === 'true'));
    }
    case 'GET state':
      return jsonReply(200, controls.state());
    case 'GET messages':
      return jsonReply(200, { messages: await controls.messages() });
    case 'POST advance':
      controls.clock.advance(
        z.strictObject({ seconds: z.number().nonnegative() }).parse(await readJson(incoming)).seconds * 1000,
      );
      break;
    case 'POST speed':
      controls.clock.setSpeed(
        z.strictObject({ speed: z.number().nonnegative() }).parse(await readJson(incoming)).speed,
      );
      break;
    case 'POST fail':
      for (const fault of readFaults(await readJson(incoming), controls.clock.serviceNow()))
        controls.conditions.add(fault);
      break;
    case 'POST clear':
      z.strictObject({}).parse(await readJson(incoming));
      controls.conditions.clear();
      break;
    case 'POST act':
      await controls.conditions.perform(
        z.strictObject({ act: z.enum(acts) }).parse(await readJson(incoming)).act,
      );
      break;
    case 'POST mode':
      controls.conditions.setMode(modeShape.parse(await readJson(incoming)));
      break;
    default:
      return problem(404, `No control ${wanted}.`);
  }
  return emptyReply(204);
}

async function readJson(incoming: Incoming): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming.body) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw new RangeError('The body is too long.');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

function problem(status: number, message: string): Reply {
  return jsonReply(status, { message });
}
