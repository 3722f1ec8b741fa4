/**
 * The vault of these tests. It loses no power: it is on somebody else's computers. What it has answered is in its
 * files at once (as after a kill), so its files as they were at a moment are the vault of that moment.
 */
import type { SimulatorOptions } from '../../../../src/main/simulator/simulator.ts';

/** Retrievals are ready as soon as they are asked for. */
export const instantly: Omit<SimulatorOptions, 'dir'> = {
  durability: 'none',
  durations: { Expedited: 0, Standard: 0, Bulk: 0, inventoryJob: 0, inventoryInterval: 0 },
};

export interface Service {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Where an engine finds it: nothing in a profile says it, so that each profile can be tried at a vault of its own. */
export function environmentOf({ url, accessKeyId, secretAccessKey }: Service): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_GLACIER: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
