/**
 * Posts messages of topics to one listener on this computer, in the envelope the notification service wraps them in.
 *
 * There is no signature in it: a made-up one would only teach listeners not to look. A message that cannot be
 * delivered is tried again twice and then let go; it can still be read at the control door.
 */
import { setTimeout as wait } from 'node:timers/promises';

interface TopicMessage {
  readonly id: string;
  readonly topic: string;
  /** Epoch ms. */
  readonly at: number;
  readonly message: string;
}

export interface Listener {
  /** Begins to deliver, after the messages before; never throws. */
  deliver(message: TopicMessage): void;
  /** Gives up what is not delivered yet. */
  close(): Promise<void>;
}

const TRIES = 3;
const RETRY_MS = 200;
const ANSWER_WITHIN_MS = 5000;

/** @throws RangeError unless `isListenerUrl` */
export function openListener(url: string): Listener {
  if (!isListenerUrl(url))
    throw new RangeError(`Notifications go to an http URL of this computer only, not to ${url}`);
  const closing = new AbortController();
  let running = Promise.resolve();
  return {
    deliver: (message) => {
      running = running.then(() => post(url, message, closing.signal));
    },
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** Whether it is an http URL of a loopback address. */
export function isListenerUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

async function post(url: string, message: TopicMessage, closing: AbortSignal): Promise<void> {
  for (let left = TRIES; left > 0 && !closing.aborted; left -= 1) {
    if (await isTaken(url, message, closing)) return;
    if (left > 1) await wait(RETRY_MS, undefined, { signal: closing }).catch(() => undefined);
  }
}

async function isTaken(url: string, message: TopicMessage, closing: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'text/plain; charset=UTF-8',
        'x-amz-sns-message-type': 'Notification',
        'x-amz-sns-message-id': message.id,
        'x-amz-sns-topic-arn': message.topic,
      },
      body: JSON.stringify(envelope(message)),
      // A listener elsewhere, by way of a redirect, is not meant.
      redirect: 'error',
      signal: AbortSignal.any([closing, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function envelope({ id, topic, at, message }: TopicMessage): object {
  return {
    Type: 'Notification',
    MessageId: id,
    TopicArn: topic,
    Message: message,
    Timestamp: new Date(at).toISOString(),
  };
}
