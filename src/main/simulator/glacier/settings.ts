import type { Call } from './glacier.ts';
import type { Vault, VaultSettings } from './records.ts';

/** Changes what is given of a vault's settings; nothing is written if that is what they are already. */
export async function changeSettings(
  { glacier }: Call,
  { record, settings }: Vault,
  change: Partial<VaultSettings>,
): Promise<void> {
  const keys = Object.keys(change) as (keyof VaultSettings)[];
  if (keys.every((key) => change[key] === settings[key])) return;
  await glacier.store.commit(glacier.clock.serviceNow(), [
    { put: 'settings', of: record.name, settings: { ...settings, ...change } },
  ]);
}
