import { argon2Sync, createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMasterKey } from '../../../../src/main/engine/keys/masterKey.ts';
import { encodeKeySlots, parseKeySlots, type KeySlot } from '../../../../src/main/engine/keys/slotFile.ts';
import { defaultKdfCost, openSlots, sealSlot } from '../../../../src/main/engine/keys/slots.ts';

/** The least that a reader accepts. */
const cheap = { memoryKiB: 65_536, passes: 1, lanes: 1 };
const master = createMasterKey();
const slot = await sealSlot(master, 'correct horse', cheap);
const file = (...slots: KeySlot[]) => ({ generation: 1, slots });

describe('key slots', () => {
  it('give the master key back for the passphrase, after a trip through the file', async () => {
    expect(await openSlots(parseKeySlots(encodeKeySlots(file(slot))), 'correct horse')).toEqual([master]);
  });

  it('open for the passphrase in another composition', async () => {
    const sealed = await sealSlot(master, 'Größenwahn'.normalize('NFC'), cheap);
    expect(await openSlots(file(sealed), 'Größenwahn'.normalize('NFD'))).toEqual([master]);
  });

  it.each(['correct hors', 'Correct horse', 'correct horse ', ''])(
    'tell %j from the right one',
    async (typed) => {
      await expect(openSlots(file(slot), typed)).rejects.toMatchObject({ kind: 'wrong-passphrase' });
    },
  );

  it('tell an empty file from a wrong passphrase', async () => {
    await expect(openSlots(file(), 'correct horse')).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('open with any slot that opens, whatever stands before it', async () => {
    const broken = { ...slot, sealed: Buffer.alloc(48) };
    const foreign = await sealSlot(createMasterKey(), 'another one', cheap);
    expect(await openSlots(file(broken, foreign, slot), 'correct horse')).toEqual([master]);
  });

  it('give the keys of all epochs in order', async () => {
    const second = createMasterKey(2);
    const secondSlot = await sealSlot(second, 'correct horse', cheap);
    expect(await openSlots(file(secondSlot, slot, slot), 'correct horse')).toEqual([master, second]);
  });

  it('do not open with a number changed: cost and epoch are part of what is sealed', async () => {
    const { id, epoch } = slot;
    const changes = [
      { passes: 2 },
      { lanes: 2 },
      { epoch: epoch + 1 },
      { id: id.replace(/^./, (c) => (c === '0' ? '1' : '0')) },
    ];
    for (const change of changes) {
      await expect(openSlots(file({ ...slot, ...change }), 'correct horse')).rejects.toMatchObject({
        kind: 'wrong-passphrase',
      });
    }
  });

  it('refuse to be sealed with a passphrase that should not be one', async () => {
    await expect(sealSlot(master, 'short', cheap)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('never use a salt or nonce twice', async () => {
    const again = await sealSlot(master, 'correct horse', cheap);
    expect(again.salt.equals(slot.salt)).toBe(false);
    expect(again.nonce.equals(slot.nonce)).toBe(false);
    expect(again.id).not.toBe(slot.id);
  });

  it('cost what the format accepts, by default and at most', () => {
    expect(defaultKdfCost).toEqual({ memoryKiB: 196_608, passes: 4, lanes: 1 });
  });

  it('are opened by a reader that knows only the format', () => {
    const raw = JSON.parse(encodeKeySlots(file(slot)).toString()) as { slots: Record<string, string>[] };
    const found = raw.slots[0]!;
    const kek = argon2Sync('argon2id', {
      message: Buffer.from('correct horse'),
      nonce: Buffer.from(found['salt']!, 'base64'),
      memory: Number(found['memoryKiB']),
      passes: Number(found['passes']),
      parallelism: Number(found['lanes']),
      tagLength: 32,
    });
    const names = ['id', 'kind', 'epoch', 'kdf', 'memoryKiB', 'passes', 'lanes', 'salt'];
    const associated = ['permafrost/slot/v1', ...names.map((name) => String(found[name]))].join('|');
    const sealed = Buffer.from(found['sealed']!, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', kek, Buffer.from(found['nonce']!, 'base64'));
    decipher.setAAD(Buffer.from(associated));
    decipher.setAuthTag(sealed.subarray(32));
    expect(Buffer.concat([decipher.update(sealed.subarray(0, 32)), decipher.final()])).toEqual(master.key);
  });
});
