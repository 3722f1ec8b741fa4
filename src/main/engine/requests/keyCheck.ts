/**
 * Keys and catalog belong together: what the catalog knows was sealed with one master key. Other keys (a slots file
 * made anew, an old entry in the keychain) would add packs that the passphrase at the target does not open.
 */
import { listPacks } from '../catalog/packs.ts';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { EngineError } from '../failure.ts';
import type { KeyRing } from '../keys/keyRing.ts';

const SETTING = 'keys.fingerprint';

/** @throws EngineError `conflict` where keys have been used that new ones would replace */
export async function assertNoKeysBefore(catalog: Catalog): Promise<void> {
  const used = await readSetting(catalog, SETTING);
  if (used === undefined && (await listPacks(catalog, { states: ['stored'] })).length === 0) return;
  throw new EngineError(
    'conflict',
    'The keys of this profile are missing, and new ones would not open what is stored.',
    'Put the file keys.json back from a copy of the profile; it is also kept at each target (its name begins with k1).',
    { safe: 'Nothing was changed.' },
  );
}

/**
 * Holds open keys against the catalog; the first ever are remembered.
 * @throws EngineError `corrupt` when they are others; they are locked again then
 */
export async function assertOwnKeys(catalog: Catalog, keys: KeyRing): Promise<void> {
  const fingerprint = keys.fingerprint();
  const known = await readSetting(catalog, SETTING);
  if (known === undefined) await catalog.transaction((tx) => writeSetting(tx, SETTING, fingerprint));
  else if (known !== fingerprint) {
    keys.lock();
    throw new EngineError(
      'corrupt',
      'These keys are not those with which this profile has sealed what it stored.',
      'Put the file keys.json back from a copy of the profile; it is also kept at each target (its name begins with k1).',
      { safe: 'Nothing was changed.' },
    );
  }
}
