import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMasterKey, deriveKeys, reviveKeys } from '../../../../src/main/engine/keys/masterKey.ts';

const master = { epoch: 3, key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) };

describe('master key', () => {
  it('is 32 bytes, another one each time, of epoch 1 at first', () => {
    const [one, two] = [createMasterKey(), createMasterKey()];
    expect(one.key).toHaveLength(32);
    expect(one.key.equals(two.key)).toBe(false);
    expect(one.epoch).toBe(1);
  });

  it('gives a key for each label, as the format says', () => {
    const { epoch, ...keys } = deriveKeys(master);
    expect(epoch).toBe(3);
    for (const [label, key] of Object.entries(keys)) {
      expect(key).toEqual(Buffer.from(hkdfSync('sha256', master.key, '', `permafrost/v1/${label}`, 32)));
    }
    expect(new Set(Object.values(keys).map((key) => key.toString('hex'))).size).toBe(6);
  });

  it('comes through a message to a worker', () => {
    const keys = deriveKeys(master);
    expect(reviveKeys(structuredClone(keys))).toEqual(keys);
  });

  it('refuses a key of another length', () => {
    expect(() => deriveKeys({ epoch: 1, key: Buffer.alloc(16) })).toThrow(RangeError);
  });
});
