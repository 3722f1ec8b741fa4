/**
 * Holds all uploads of an engine to one rate. A part is let go when those before it have had their time on the line; the
 * average keeps to the rate whatever the number of parts in flight, over stretches longer than a part takes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

/** A limit that changes is heeded after this. */
const LOOK_EVERY_MS = 1000;

export class UploadRate {
  readonly #limit: () => number | null;
  readonly #now: () => number;
  /** From when on the line is free. */
  #freeAt = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @param limit bytes a second at the moment; null for none */
  constructor(limit: () => number | null, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Resolves when so many bytes may be sent; in the order in which it was asked. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const before = this.#turn;
    let done = (): void => undefined;
    this.#turn = new Promise((resolve) => (done = resolve));
    try {
      await before;
      let left = bytes;
      while (left > 0) {
        signal?.throwIfAborted();
        const limit = this.#limit();
        if (limit === null) return;
        const now = this.#now();
        this.#freeAt = Math.max(this.#freeAt, now);
        if (this.#freeAt > now) {
          await sleep(Math.min(LOOK_EVERY_MS, this.#freeAt - now), undefined, { ...(signal && { signal }) });
          continue;
        }
        // In slices of a second, so that a limit that changes holds for the rest of a large part.
        const slice = Math.min(left, limit);
        this.#freeAt = now + (slice / limit) * 1000;
        left -= slice;
      }
    } finally {
      done();
    }
  }
}

/** A target whose parts wait for their time on the line. */
export function limited(target: Target, rate: UploadRate): Target {
  return {
    ...passedOn(target),
    async sendPart(uploadId, part, signal) {
      await rate.take(part.bytes.length, signal);
      await target.sendPart(uploadId, part, signal);
    },
  };
}

function passedOn(target: Target): Omit<Target, 'sendPart'> {
  return {
    traits: target.traits,
    probe: (...args) => target.probe(...args),
    create: (...args) => target.create(...args),
    beginUpload: (...args) => target.beginUpload(...args),
    finishUpload: (...args) => target.finishUpload(...args),
    abortUpload: (...args) => target.abortUpload(...args),
    listUploads: (...args) => target.listUploads(...args),
    listParts: (...args) => target.listParts(...args),
    requestRetrieval: (...args) => target.requestRetrieval(...args),
    describeRetrieval: (...args) => target.describeRetrieval(...args),
    listRetrievals: (...args) => target.listRetrievals(...args),
    readRetrieved: (...args) => target.readRetrieved(...args),
    now: () => target.now(),
    close: () => target.close(),
  };
}
