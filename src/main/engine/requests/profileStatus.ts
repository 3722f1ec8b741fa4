import type { ProfileStatus } from '../../../shared/types.ts';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import type { EngineContext } from './context.ts';

const KIT_PROVEN = 'kit.proven';

export async function profileStatus({ catalog, keys, profile }: EngineContext): Promise<ProfileStatus> {
  return {
    state: keys.state,
    folder: profile.root,
    kitProven: (await readSetting(catalog, KIT_PROVEN)) === true,
    remembered: keys.isRemembered,
    keychainTrouble: keys.keychainTrouble,
  };
}

/** To be told of whatever changed. */
export async function tellProfile(context: EngineContext): Promise<ProfileStatus> {
  const status = await profileStatus(context);
  context.events.emit('profile:changed', status);
  return status;
}

/** Whether somebody has shown to have the recovery code. */
export function setKitProven({ catalog }: EngineContext, isProven: boolean): Promise<void> {
  return catalog.transaction((tx) => writeSetting(tx, KIT_PROVEN, isProven ? true : undefined));
}
