import { describe, expect, it } from 'vitest';
import { UploadRate } from '../../../../src/main/engine/target/uploadRate.ts';

describe('an upload rate', () => {
  it('is kept within 5% by uploads that share it, whatever the size of their parts', async () => {
    const rate = new UploadRate(() => 2_000_000);
    const began = performance.now();
    let sent = 0;
    const upload = async (part: number, parts: number): Promise<void> => {
      for (let i = 0; i < parts; i++) {
        await rate.take(part);
        sent += part;
      }
    };
    await Promise.all([upload(100_000, 15), upload(37_000, 40), upload(250_000, 4)]);
    // The line is taken until the last part is through.
    await rate.take(1);
    const perSecond = sent / ((performance.now() - began) / 1000);
    expect(perSecond / 2_000_000).toBeGreaterThan(0.95);
    expect(perSecond / 2_000_000).toBeLessThan(1.05);
  });

  it('lets everything through without one, and heeds a new one in the middle of a part', async () => {
    let limit: number | null = null;
    const rate = new UploadRate(() => limit);
    await rate.take(1e12);
    limit = 1000;
    const slow = rate.take(1e9);
    setTimeout(() => (limit = null), 300);
    await slow;
  });

  it('ends when it is to', async () => {
    const rate = new UploadRate(() => 1);
    const stop = new AbortController();
    const waiting = rate.take(1e9, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});
