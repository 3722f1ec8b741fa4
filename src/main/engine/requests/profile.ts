import type { Routes } from '../../../shared/contract.ts';
import { readRecoveryCode } from '../keys/recoveryCode.ts';
import type { EngineContext } from './context.ts';
import { assertNoKeysBefore, assertOwnKeys } from './keyCheck.ts';
import { profileStatus, setKitProven, tellProfile } from './profileStatus.ts';

type ProfileRoutes = Pick<Routes, 'profile:status' | 'profile:init' | 'profile:unlock'>;

export function profileRoutes(context: EngineContext): ProfileRoutes {
  const { catalog, keys } = context;
  return {
    'profile:status': () => profileStatus(context),
    'profile:init': async ({ passphrase, remember }) => {
      await assertNoKeysBefore(catalog);
      await keys
        .init(passphrase, remember)
        .finally(() => (keys.state === 'open' ? assertOwnKeys(catalog, keys) : undefined));
      return tellProfile(context);
    },
    'profile:unlock': async ({ passphrase }) => {
      if (keys.state !== 'open') {
        await keys.unlock(passphrase);
        await assertOwnKeys(catalog, keys);
        // Whoever has opened it with the code has the code.
        if (readRecoveryCode(passphrase).kind === 'code') await setKitProven(context, true);
      }
      return tellProfile(context);
    },
  };
}
