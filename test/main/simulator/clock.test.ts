import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, openClock } from '../../../src/main/simulator/clock.ts';
import { tempFolder } from './practice.ts';

const DAY = 86_400_000;

async function clock(speed?: number, notBefore = 0): Promise<{ path: string; clock: Clock }> {
  const path = join(await tempFolder(), 'clock.json');
  const opened = openClock(path, speed, notBefore);
  onTestFinished(() => opened.close());
  return { path, clock: opened };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('service time', () => {
  it('starts at real time and runs at the speed given', async () => {
    const { clock: fast } = await clock(1000);
    expect(Math.abs(fast.serviceNow() - Date.now())).toBeLessThan(60_000);
    const before = fast.serviceNow();
    await pause(50);
    expect(fast.serviceNow() - before).toBeGreaterThanOrEqual(40_000);
  });

  it('stands still at speed 0 but for advances', async () => {
    const { clock: still } = await clock(0);
    const before = still.serviceNow();
    await pause(10);
    expect(still.serviceNow()).toBe(before);
    still.advance(DAY);
    expect(still.serviceNow()).toBe(before + DAY);
  });

  it('leaves transport time alone', async () => {
    const { clock: fast } = await clock(1000);
    fast.advance(DAY);
    expect(Math.abs(fast.transportNow() - Date.now())).toBeLessThan(100);
    fast.setTransportSkew(-DAY);
    expect(Math.abs(fast.transportNow() + DAY - Date.now())).toBeLessThan(100);
  });

  it('is kept with its speed, and runs at real speed while closed', async () => {
    const { path, clock: first } = await clock(100);
    first.advance(DAY);
    const left = first.serviceNow(); // before it is closed: from then on its time is real, and slower
    first.close();
    const second = openClock(path, undefined, 0);
    onTestFinished(() => second.close());
    expect(second.speed()).toBe(100);
    expect(second.serviceNow()).toBeGreaterThanOrEqual(left - 1000);
    expect(second.serviceNow() - Date.now()).toBeGreaterThan(DAY - 10_000);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ speed: 100 });
  });

  it('never starts before a time already shown', async () => {
    const later = Date.now() + 5 * DAY;
    const { clock: kept } = await clock(1, later);
    expect(kept.serviceNow()).toBeGreaterThanOrEqual(later);
  });

  it('does not go back and has no negative speed', async () => {
    const { clock: any } = await clock();
    expect(() => any.advance(-1)).toThrow(RangeError);
    expect(() => any.advance(NaN)).toThrow(RangeError);
    expect(() => any.setSpeed(-1)).toThrow(RangeError);
  });
});
