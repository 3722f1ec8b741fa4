import type { RunCounts, RunProgress } from '../../../shared/types.ts';
import { noCounts } from '../catalog/runs.ts';

const REPORT_EVERY_MS = 250;
/** The rate shown is that of the last seconds, so that it follows a slow line and does not jump with each file. */
const RATE_WINDOW_MS = 5000;

type Counts = { -readonly [K in keyof RunCounts]: RunCounts[K] };

/** Counts what a run does and reports it a few times a second. */
export class RunMeter {
  readonly counts: Counts = { ...noCounts };
  phase: RunProgress['phase'] = 'scanning';
  currentFile: string | null = null;
  #heldUpBy: string | null = null;
  /** Files and bytes that have to be read, as far as the scan has come; all of them once it is through. */
  toReadBytes = 0;
  isScanned = false;
  /** Bytes read so far, pieces of files under way included. */
  seenBytes = 0;
  /** Bytes of sealed packs that wait to be sent. */
  waitingBytes: () => number = () => 0;
  readonly #run: number;
  readonly #plan: string;
  readonly #report: (progress: RunProgress) => void;
  #lastReport = 0;
  #marks: { readonly at: number; readonly readBytes: number }[] = [];

  constructor(run: number, plan: string, report: (progress: RunProgress) => void) {
    this.#run = run;
    this.#plan = plan;
    this.#report = report;
  }

  /** Call after anything has moved; reports at most a few times a second. */
  tick(now = performance.now()): void {
    if (now - this.#lastReport < REPORT_EVERY_MS) return;
    this.#lastReport = now;
    this.#report(this.progress(now));
  }

  /** Tells at once what keeps the target from answering, or that it answers again: meanwhile nothing moves. */
  holdUp(reason: string | null): void {
    this.#heldUpBy = reason;
    this.#report(this.progress());
  }

  progress(now = performance.now()): RunProgress {
    const { files, bytes, sentBytes } = this.counts;
    const readBytes = this.seenBytes;
    const bytesPerSecond = this.#rate(now);
    const left = Math.max(0, this.toReadBytes - readBytes);
    return {
      run: this.#run,
      plan: this.#plan,
      phase: this.phase,
      currentFile: this.currentFile,
      files,
      bytes,
      readBytes,
      sentBytes,
      waitingBytes: this.waitingBytes(),
      bytesPerSecond,
      heldUpBy: this.#heldUpBy,
      secondsLeft: this.isScanned && bytesPerSecond > 0 ? Math.ceil(left / bytesPerSecond) : null,
    };
  }

  #rate(now: number): number {
    this.#marks.push({ at: now, readBytes: this.seenBytes });
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > RATE_WINDOW_MS) this.#marks.shift();
    const [first] = this.#marks;
    if (first === undefined || now <= first.at) return 0;
    return ((this.seenBytes - first.readBytes) / (now - first.at)) * 1000;
  }
}
