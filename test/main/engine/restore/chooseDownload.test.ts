import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackKey } from '../../../../src/main/engine/catalog/ids.ts';
import type { RetrievalState } from '../../../../src/main/engine/catalog/retrievals.ts';
import { chooseDownload, type Download } from '../../../../src/main/engine/restore/chooseDownload.ts';

const HOUR = 3_600_000;
const LIMIT = 100;

function download(pack: number, state: RetrievalState, bytes = 10, readyAt: number | null = 0): Download {
  return { pack: pack as PackKey, state, bytes, readyAt };
}

describe('chooseDownload', () => {
  it('takes what is ready in the order in which it is wanted', () => {
    const [waiting, first, second] = [download(1, 'requested'), download(2, 'ready'), download(3, 'ready')];
    expect(chooseDownload([waiting, first, second], 0, LIMIT)).toBe(first);
    expect(chooseDownload([waiting, second, first], 0, LIMIT)).toBe(second);
    expect(chooseDownload([waiting], 0, LIMIT)).toBeUndefined();
  });

  it('ends a pack that was begun before it begins another', () => {
    const end = download(2, 'ready');
    expect(chooseDownload([download(1, 'ready'), download(2, 'fetched'), end], 0, LIMIT)).toBe(end);
  });

  it('takes a pack that leaves at once before one that has to wait for its rest', () => {
    const whole = download(2, 'ready');
    expect(chooseDownload([download(1, 'ready'), download(1, 'requested'), whole], 0, LIMIT)).toBe(whole);
  });

  it('begins no pack that has to wait when there is no room for it and a whole one beside it', () => {
    const halves = (state: RetrievalState): Download[] => [
      download(1, state, 30),
      download(1, 'requested', 30),
      download(2, 'ready', 30),
      download(2, 'requested', 30),
    ];
    expect(chooseDownload(halves('ready'), 0, LIMIT)).toMatchObject({ pack: 1 });
    expect(chooseDownload(halves('fetched'), 0, LIMIT)).toBeUndefined();
  });

  it('brings what would soon expire, room or none', () => {
    const old = download(1, 'ready', 500);
    expect(chooseDownload([old, download(1, 'requested')], 17 * HOUR, LIMIT)).toBe(old);
    expect(chooseDownload([old, download(1, 'requested')], 15 * HOUR, LIMIT)).toBeUndefined();
  });

  it('brings what is paid when waiting would bring no more', () => {
    const left = download(1, 'ready', 500);
    expect(chooseDownload([left, download(1, 'expired')], 0, LIMIT)).toBe(left);
  });

  it('keeps below the limit whatever becomes ready when, and brings everything', () => {
    const pack = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 });
    const packs = fc.array(pack, { minLength: 1, maxLength: 15 });
    const most: number[] = [];
    fc.assert(
      fc.property(packs, fc.infiniteStream(fc.nat()), (sizes, picks) => {
        let rows = sizes.flatMap((ranges, i) => ranges.map((bytes) => download(i, 'requested', bytes)));
        const set = (row: Download, state: RetrievalState): void => {
          rows = rows.map((one) => (one === row ? { ...one, state } : one));
        };
        const waiting = (): number =>
          rows.filter(({ state }) => state === 'fetched').reduce((sum, { bytes }) => sum + bytes, 0);
        let peak = 0;
        while (rows.length > 0) {
          const next = chooseDownload(rows, 0, LIMIT);
          if (next === undefined) {
            const open = rows.filter(({ state }) => state === 'requested');
            const row = open[(picks.next().value as number) % open.length];
            if (row === undefined) throw new Error('nothing to wait for, and nothing is brought');
            set(row, 'ready');
            continue;
          }
          set(next, 'fetched');
          peak = Math.max(peak, waiting());
          const own = rows.filter(({ pack: of }) => of === next.pack);
          if (own.every(({ state }) => state === 'fetched')) {
            rows = rows.filter(({ pack: of }) => of !== next.pack);
          }
        }
        expect(peak).toBeLessThanOrEqual(LIMIT);
        most.push(peak);
      }),
      { numRuns: 500 },
    );
    // Room is used, not only kept.
    expect(Math.max(...most)).toBeGreaterThan(LIMIT / 2);
  });
});
