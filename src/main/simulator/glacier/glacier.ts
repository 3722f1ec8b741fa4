/** What every operation of the vault service works with, and the names it gives things. */
import type { Meter } from '../bill/events.ts';
import type { Clock } from '../clock.ts';
import type { Reply } from '../exchange.ts';
import type { Conditions } from '../faults.ts';
import { badValue, notFound } from './errors.ts';
import type { Tier, Vault } from './records.ts';
import type { Store } from './store.ts';

export interface Glacier {
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly conditions: Pick<Conditions, 'mode'>;
  readonly store: Store;
  readonly durations: Durations;
  readonly meter: Meter;
  /** Parts being written right now, as `uploadId index`, each with the end of its writing. */
  readonly partWrites: Map<string, Promise<void>>;
}

/** Virtual hours. */
export interface Durations extends Readonly<Record<Tier, number>> {
  /** From the request for an inventory to its output. */
  readonly inventoryJob: number;
  /** Between two inventories of a vault. */
  readonly inventoryInterval: number;
}

/** In the middle of what the service documents: 1-5 min, 3-5 h, 5-12 h, 3-5 h, about a day. */
export const usualDurations: Durations = {
  Expedited: 3 / 60,
  Standard: 4,
  Bulk: 8,
  inventoryJob: 4,
  inventoryInterval: 24,
};

/** One authenticated request for one operation. */
export interface Call {
  readonly glacier: Glacier;
  /** Named segments of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** The body, already read, of an operation that takes JSON or nothing; empty for one that takes a stream. */
  readonly body: Buffer;
  /** The unread body of an operation that takes a stream. */
  readonly stream: AsyncIterable<Buffer>;
}

export type Operation = (call: Call) => Reply | Promise<Reply>;

export function vaultArn(glacier: Glacier, name: string): string {
  return `arn:${partition(glacier)}:glacier:${glacier.region}:${glacier.accountId}:vaults/${name}`;
}

/** The account itself as a caller: the only one there is. */
export function rootArn(glacier: Glacier): string {
  return `arn:${partition(glacier)}:iam::${glacier.accountId}:root`;
}

function partition({ region }: Glacier): string {
  return region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** The relative path of a vault or of something in it, with the account's number whatever the client wrote. */
export function location(glacier: Glacier, vault: string, ...rest: readonly string[]): string {
  return ['', glacier.accountId, 'vaults', vault, ...rest].join('/');
}

/** The vault the path names. @throws ServiceError 404 */
export function vaultOf(call: Call): Vault {
  const name = param(call, 'vault');
  const vault = call.glacier.store.state.vaults.get(name);
  if (vault === undefined) throw notFound(`Vault not found for ARN: ${vaultArn(call.glacier, name)}`);
  return vault;
}

export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new RangeError(`route has no ${name}`);
  return value;
}

/** Checks an archive's or job's description: at most 1,024 printable ASCII characters. */
export function checkedDescription(text: string): string {
  if (!/^[ -~]{0,1024}$/.test(text)) {
    throw badValue('Invalid description. A description has at most 1024 characters, each printable ASCII.');
  }
  return text;
}
