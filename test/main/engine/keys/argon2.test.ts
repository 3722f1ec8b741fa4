import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opensslArgon2id } from '../../../../src/main/engine/crypto.ts';
import { argon2id, wasmArgon2id } from '../../../../src/main/engine/keys/argon2.ts';

describe('argon2id', () => {
  it('is the same by OpenSSL and by WebAssembly', async () => {
    const inputs = fc.record({
      password: fc.string({ minLength: 1, unit: 'grapheme' }),
      salt: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      memoryKiB: fc.integer({ min: 64, max: 512 }),
      passes: fc.integer({ min: 1, max: 4 }),
      lanes: fc.integer({ min: 1, max: 4 }),
      length: fc.constant(32),
    });
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        expect(await argon2id(input)).toEqual(await wasmArgon2id(input));
      }),
      { numRuns: 10 },
    );
  });

  it('is OpenSSL’s on the Node that scripts run on', () => {
    expect(opensslArgon2id).toBeDefined();
  });
});
