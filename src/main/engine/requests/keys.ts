/** Changing what opens the keys, and the keys. */
import type { Routes } from '../../../shared/contract.ts';
import { listPacks } from '../catalog/packs.ts';
import { EngineError } from '../failure.ts';
import { forgetAwsKeys, rememberAwsKeys } from '../keys/awsKeys.ts';
import type { EngineContext } from './context.ts';
import { setKitProven, tellProfile } from './profileStatus.ts';

type KeyRoutes = Pick<
  Routes,
  'keys:changePassphrase' | 'keys:renew' | 'keys:remember' | 'awsKeys:set' | 'awsKeys:remove'
>;

export function keyRoutes(context: EngineContext): KeyRoutes {
  const { catalog, keys } = context;
  return {
    'keys:changePassphrase': async ({ current, passphrase }) => {
      await keys.verify(current);
      await keys.changePassphrase(passphrase);
      return tellProfile(context);
    },
    'keys:renew': async ({ current }) => {
      await refuseStaged();
      await keys.verify(current);
      await keys.addEpoch(current);
      await setKitProven(context, false);
      return tellProfile(context);
    },
    'keys:remember': async ({ remember }) => {
      await (remember ? keys.remember() : keys.forget());
      return tellProfile(context);
    },
    'awsKeys:set': async ({ name, ...typed }) => {
      await rememberAwsKeys(name, typed);
      return null;
    },
    'awsKeys:remove': async ({ name }) => {
      await forgetAwsKeys(name);
      return null;
    },
  };

  /** They were sealed with the keys of now, and are sent by a run that has the newest. */
  async function refuseStaged(): Promise<void> {
    if ((await listPacks(catalog, { staged: true })).length === 0) return;
    throw new EngineError(
      'conflict',
      'A backup was interrupted, and what it has packed still waits to be sent.',
      'Run the backup to its end, then renew the keys.',
      { safe: 'The keys were not touched.' },
    );
  }
}
