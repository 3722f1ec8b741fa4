import { describe, expect, it } from 'vitest';
import {
  forgetSecret,
  recallMasterKeys,
  rememberMasterKeys,
  type Keychain,
} from '../../../../src/main/engine/keys/keychain.ts';

const keys = [
  { epoch: 1, key: Buffer.alloc(32, 9) },
  { epoch: 3, key: Buffer.alloc(32, 8) },
];

/** A keychain as keytar shows it, kept in memory. */
function memoryKeychain(): Keychain {
  const entries = new Map<string, string>();
  const name = (service: string, account: string) => `${service}/${account}`;
  return {
    getPassword: (service, account) => Promise.resolve(entries.get(name(service, account)) ?? null),
    setPassword: (service, account, password) => {
      entries.set(name(service, account), password);
      return Promise.resolve();
    },
    deletePassword: (service, account) => Promise.resolve(entries.delete(name(service, account))),
  };
}

const using = (keychain: Keychain) => ({ load: () => Promise.resolve(keychain), answerWithinMs: 50 });

describe('keychain', () => {
  it('gives back the key that it was given, until it is told to forget it', async () => {
    const options = using(memoryKeychain());
    expect(await rememberMasterKeys('a', keys, options)).toEqual({ done: true, reason: null });
    expect(await recallMasterKeys('a', options)).toEqual({ keys, reason: null });
    expect((await recallMasterKeys('b', options)).keys).toBeNull();
    expect(await forgetSecret('a', options)).toEqual({ done: true, reason: null });
    expect(await forgetSecret('a', options)).toEqual({ done: false, reason: null });
    const gone = await recallMasterKeys('a', options);
    expect(gone).toEqual({ keys: null, reason: 'the keychain has no key for this profile' });
  });

  it('takes nothing for a key that is none', async () => {
    const keychain = memoryKeychain();
    for (const secret of [
      '',
      'hello',
      'permafrost-master-keys-1:',
      'permafrost-master-keys-1:1=AAAA',
      'AAAA',
    ]) {
      await keychain.setPassword('Permafrost', 'a', secret);
      expect((await recallMasterKeys('a', using(keychain))).keys).toBeNull();
    }
  });

  it('says why when it is locked, and throws nothing', async () => {
    const locked = () => Promise.reject(new Error('Cannot create an item in a locked collection\n  at …'));
    const options = using({ getPassword: locked, setPassword: locked, deletePassword: locked });
    const reason = 'the keychain cannot be used: Cannot create an item in a locked collection';
    expect(await recallMasterKeys('a', options)).toEqual({ keys: null, reason });
    expect(await rememberMasterKeys('a', keys, options)).toEqual({ done: false, reason });
    expect(await forgetSecret('a', options)).toEqual({ done: false, reason });
  });

  it('says why when it throws at once or cannot be loaded', async () => {
    const load = () => Promise.reject(new Error('libsecret-1.so.0: cannot open shared object file'));
    expect((await recallMasterKeys('a', { load })).reason).toContain('libsecret-1.so.0');
    const broken = () => {
      throw new Error('no bus');
    };
    const options = using({ getPassword: broken, setPassword: broken, deletePassword: broken });
    expect((await recallMasterKeys('a', options)).reason).toContain('no bus');
  });

  it('is none when it does not answer', async () => {
    const silent = () => new Promise<never>(() => undefined);
    const options = using({ getPassword: silent, setPassword: silent, deletePassword: silent });
    expect(await recallMasterKeys('a', options)).toEqual({
      keys: null,
      reason: 'the keychain does not answer',
    });
    expect((await recallMasterKeys('a', { load: silent, answerWithinMs: 20 })).reason).not.toBeNull();
  });

  it('answers one way or the other on this very system', async () => {
    const answer = await recallMasterKeys('permafrost-test-account-that-nobody-has');
    expect(answer.keys).toBeNull();
    expect(answer.reason).toEqual(expect.any(String));
  });
});
