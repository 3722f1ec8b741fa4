import { expect, it } from 'vitest';
import { selfTest } from '../../../../src/main/engine/keys/selfTest.ts';

it('passes here, quickly', async () => {
  const start = performance.now();
  await selfTest();
  expect(performance.now() - start).toBeLessThan(2_000);
});
