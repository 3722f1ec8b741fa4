import type { Routes } from '../../../shared/contract.ts';
import type { ProfileStatus } from '../../../shared/types.ts';
import type { EngineContext } from './context.ts';
import { assertNoKeysBefore, assertOwnKeys } from './keyCheck.ts';

type ProfileRoutes = Pick<Routes, 'profile:status' | 'profile:init' | 'profile:unlock'>;

export function profileRoutes(context: EngineContext): ProfileRoutes {
  const { catalog, keys, profile, events } = context;
  const status = (): ProfileStatus => ({ state: keys.state, folder: profile.root });
  const changed = (): ProfileStatus => {
    events.emit('profile:changed', status());
    return status();
  };
  return {
    'profile:status': () => Promise.resolve(status()),
    'profile:init': async ({ passphrase, remember }) => {
      await assertNoKeysBefore(catalog);
      await keys
        .init(passphrase, remember)
        .finally(() => (keys.state === 'open' ? assertOwnKeys(catalog, keys) : undefined));
      return changed();
    },
    'profile:unlock': async ({ passphrase }) => {
      if (keys.state !== 'open') {
        await keys.unlock(passphrase);
        await assertOwnKeys(catalog, keys);
      }
      return changed();
    },
  };
}
