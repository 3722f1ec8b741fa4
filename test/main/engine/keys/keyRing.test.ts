import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyRing } from '../../../../src/main/engine/keys/keyRing.ts';

/** The least that a reader accepts. */
const cheap = { memoryKiB: 65_536, passes: 1, lanes: 1 };
const passphrase = 'correct horse';

let dir = '';
let file = '';
const ring = (): KeyRing => new KeyRing(file, 'permafrost-test', cheap);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-keys-'));
  file = join(dir, 'keys.json');
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** What the keys of a ring are known by. */
async function opened(secret: string): Promise<KeyRing> {
  const keys = ring();
  await keys.unlock(secret);
  return keys;
}

describe('the key ring', () => {
  it('opens with the passphrase and with the recovery code, to the same keys', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const code = made.recoveryCode();
    expect((await opened(passphrase)).newest()).toEqual(made.newest());
    expect((await opened(code.toLowerCase().replaceAll('-', ' '))).newest()).toEqual(made.newest());
    expect((await opened(code)).recoveryCode()).toBe(code);
  });

  it('says three different things of a wrong passphrase, damaged slots and a misread code', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const code = made.recoveryCode();
    const misread = (code.startsWith('7') ? '8' : '7') + code.slice(1);
    const message = (secret: string): Promise<string> =>
      ring()
        .unlock(secret)
        .then(
          () => 'opened',
          (error: unknown) => (error as Error).message,
        );
    expect(await message('wrong horse')).toBe('That is not the passphrase.');
    expect(await message(misread)).toMatch(/a character of it was misread/);
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace('"passphrase"', '"passphrasf"'));
    expect(await message(passphrase)).toBe(
      'That is not the passphrase. One key slot is damaged or unknown to this version and could not be tried.',
    );
    expect(await message(code)).toBe('opened');
    writeFileSync(file, whole.replace(/"slots": \[[\s\S]*\]/, '"slots": []'));
    expect(await message(passphrase)).toBe('The key slots file holds no slot that can be used.');
    writeFileSync(file, whole.slice(0, -20));
    expect(await message(passphrase)).toBe('The key slots file is damaged.');
  });

  it('wraps the same keys anew when the passphrase is changed; the code stays', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const before = { keys: made.newest(), code: made.recoveryCode() };
    await made.changePassphrase('battery staple');
    expect(made.slots().generation).toBe(2);
    await expect(ring().unlock(passphrase)).rejects.toMatchObject({ kind: 'wrong-passphrase' });
    expect((await opened('battery staple')).newest()).toEqual(before.keys);
    expect((await opened(before.code)).newest()).toEqual(before.keys);
  });

  it.each([
    '',
    '       ',
    'short',
    'aaaaaaaaaa',
    'abcabcabcabc',
    '12345678901',
    'Password123!',
    'qwertyuiop',
  ])('refuses %j as a passphrase and changes nothing', async (trivial) => {
    await expect(ring().init(trivial, false)).rejects.toMatchObject({ kind: 'invalid' });
    expect(existsSync(file)).toBe(false);
    const made = ring();
    await made.init(passphrase, false);
    const before = readFileSync(file);
    await expect(made.changePassphrase(trivial)).rejects.toMatchObject({ kind: 'invalid' });
    expect(readFileSync(file)).toEqual(before);
  });

  it('adds a key epoch that the old code does not open, and keeps the old keys', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const first = made.newest();
    const oldCode = made.recoveryCode();
    const fingerprint = made.fingerprint();
    await made.addEpoch(passphrase);
    expect(made.newest().epoch).toBe(2);
    expect(made.newest().pack).not.toEqual(first.pack);
    expect(made.ofEpoch(1)).toEqual(first);
    expect(made.fingerprint()).toBe(fingerprint);
    expect(made.recoveryCode()).not.toBe(oldCode);
    for (const secret of [passphrase, made.recoveryCode()]) {
      expect((await opened(secret)).all()).toEqual(made.all());
    }
    await expect(ring().unlock(oldCode)).rejects.toMatchObject({ kind: 'wrong-passphrase' });
  });

  it('does not change keys twice at once', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const both = await Promise.allSettled([
      made.changePassphrase('battery staple'),
      made.addEpoch(passphrase),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('takes over the newest adopted slots that the secret opens', async () => {
    const made = ring();
    await made.init(passphrase, false);
    const first = readFileSync(file);
    await made.changePassphrase('battery staple');
    const second = readFileSync(file);
    for (const [secret, expected] of [
      ['battery staple', second],
      [passphrase, first],
    ] as const) {
      rmSync(file);
      ring().adopt([Buffer.from('rubbish'), second, first]);
      await expect(ring().unlock('neither')).rejects.toMatchObject({ kind: 'wrong-passphrase' });
      expect((await opened(secret)).newest()).toEqual(made.newest());
      expect(readFileSync(file)).toEqual(expected);
      expect((await opened(secret)).newest()).toEqual(made.newest());
    }
  });

  it('adopts nothing over keys it has, and nothing that is no use', async () => {
    expect(() => ring().adopt([Buffer.from('{}')])).toThrow(/No key slots that can be used/);
    expect(existsSync(file)).toBe(false);
    const made = ring();
    await made.init(passphrase, false);
    const bytes = readFileSync(file);
    expect(() => made.adopt([bytes])).toThrow(/already has its keys/);
  });
});
