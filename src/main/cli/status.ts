/**
 * The line that says how far a command is. On a terminal it is rewritten in place a few times a second; elsewhere
 * (a log, cron's mail) a line is added now and then, when there is something new to say.
 */
import { clip } from './format.ts';

const REWRITE_MS = 200;
const LOG_MS = 10_000;
const LOG_WIDTH = 160;
const CLEAR_LINE = '\r\u{1b}[2K';

export interface Status {
  /** Shows what `render` gives for the width at hand, unless that was done a moment ago. */
  show(render: (width: number) => string): void;
  /** Takes the line away, so that something else can be written; the next `show` brings it back. */
  clear(): void;
}

type Stream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

/** `clock` gives milliseconds that only grow. */
export function openStatus(stream: Stream, clock: () => number = () => performance.now()): Status {
  const isTerminal = stream.isTTY === true;
  const intervalMs = isTerminal ? REWRITE_MS : LOG_MS;
  // A log's first line comes after one interval: short commands say nothing there.
  let last = isTerminal ? -Infinity : clock();
  let isShown = false;
  let logged = '';
  return {
    show: (render) => {
      const now = clock();
      if (now - last < intervalMs) return;
      last = now;
      if (isTerminal) {
        // One column stays free: some terminals wrap when the last one is written. A terminal may not know its width.
        const columns = stream.columns === undefined || stream.columns === 0 ? 80 : stream.columns;
        const width = Math.max(20, columns - 1);
        stream.write(CLEAR_LINE + clip(render(width), width));
        isShown = true;
      } else {
        const line = render(LOG_WIDTH);
        if (line !== logged) stream.write(`${line}\n`);
        logged = line;
      }
    },
    clear: () => {
      if (isShown) stream.write(CLEAR_LINE);
      isShown = false;
      if (isTerminal) last = -Infinity;
    },
  };
}
