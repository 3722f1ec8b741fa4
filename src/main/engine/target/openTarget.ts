/** Opens targets from their settings, wrapped so that requests are counted and passing trouble is retried. */
import type { TargetRow, TargetSettings } from '../catalog/targets.ts';
import type { EngineError } from '../failure.ts';
import { countRequests, type OnRequest } from './countRequests.ts';
import { limited, UploadRate } from './uploadRate.ts';
import { folderTraits, openFolder } from './folder.ts';
import type { RetryOptions } from './patience.ts';
import { retrying } from './retry.ts';
import type { Target, TargetTraits } from './target.ts';
import type { VaultOptions } from './vault.ts';
import { vaultTraits } from './vaultTraits.ts';
import type { AwsKeys, VaultClientOptions } from './vaultClient.ts';
import type { ServiceNature, VaultService } from './service.ts';

const MIB = 1024 * 1024;
/** A service that is not Amazon's own (a test double, a practice vault) is near and quick: look often. */
const NEAR_POLL_CAP_MS = 5000;
const USUAL_POLL_MS = 15 * 60_000;
/** Name of the vault inside a practice target. */
export const PRACTICE_VAULT = 'practice';

/** Where a practice vault answers. */
export interface PracticeService {
  readonly url: string;
  readonly region: string;
  readonly credentials: AwsKeys;
  /** Its virtual time, epoch ms. */
  readonly now: () => number;
}

/** Where vaults are: those of a practice target, or of a region with the credentials that are found. */
export type ServicePlace =
  | { readonly uid: string; readonly speed: number }
  | {
      readonly region: string;
      readonly endpoint?: string | undefined;
      readonly awsProfile?: string | undefined;
      readonly awsKeys?: string | undefined;
    };

/** Who wants a target open, and how long it may keep trying. */
export interface OpenOptions {
  /** Told of each request before it is made, repeats included. */
  readonly onRequest?: OnRequest;
  /** See `RetryOptions`: what keeps it from going on for now, and null when it goes on. */
  readonly onTrouble?: (failure: EngineError | null) => void;
  /** How long a call keeps trying through passing trouble, in ms; by default long enough for a router's restart. */
  readonly patienceMs?: number;
}

/**
 * How long a call of a run or an order keeps trying, in ms: nobody waits for its answer, and services have been out of
 * order, or have asked to slow down, for longer than the quarter of an hour that is usual.
 */
export const UNATTENDED_PATIENCE_MS = 60 * 60_000;

/** The time that waits between tries take, and how long a request may be silent; by default those of vaultClient.ts. */
export type LineOptions = Pick<RetryOptions, 'clock'> & Pick<VaultClientOptions, 'connectMs' | 'idleMs'>;

export class TargetOpener {
  readonly #practice: (uid: string, speed: number) => Promise<PracticeService>;
  readonly #typedKeys: (name: string) => Promise<AwsKeys>;
  readonly #clock: Pick<RetryOptions, 'clock'>;
  readonly #rate: UploadRate;
  readonly #limits: Pick<VaultClientOptions, 'connectMs' | 'idleMs'>;

  /**
   * @param practice starts the practice vault of that target, or finds it running
   * @param typedKeys gives AWS keys that were typed in, by their name
   * @param rate of all uploads together; none by default
   */
  constructor(
    practice: (uid: string, speed: number) => Promise<PracticeService>,
    typedKeys: (name: string) => Promise<AwsKeys>,
    { clock, ...limits }: LineOptions = {},
    rate: UploadRate = new UploadRate(() => null),
  ) {
    this.#rate = rate;
    this.#practice = practice;
    this.#typedKeys = typedKeys;
    this.#clock = clock === undefined ? {} : { clock };
    this.#limits = limits;
  }

  /** Opens a target for one piece of work, which closes it at its end. Nothing is asked of it yet. */
  async open(row: Pick<TargetRow, 'uid' | 'settings'>, options: OpenOptions = {}): Promise<Target> {
    const bare = await this.#build(row.uid, row.settings);
    const { onRequest, onTrouble, patienceMs } = options;
    const counted = onRequest === undefined ? bare : countRequests(bare, onRequest);
    const paced = bare.traits.kind === 'folder' ? counted : limited(counted, this.#rate);
    return retrying(paced, {
      ...this.#clock,
      ...(onTrouble !== undefined && { onTrouble }),
      ...(patienceMs !== undefined && { patienceMs }),
    });
  }

  /** Opens the whole service that a vault is part of. Nothing is asked of it yet; the caller closes it. */
  async openService(
    place: ServicePlace,
    options: Pick<OpenOptions, 'patienceMs'> = {},
  ): Promise<VaultService> {
    const { openVaultService } = await import('./vaultService.ts');
    const { client, ...nature } = await this.#service(place);
    return openVaultService(client, { ...this.#clock, ...nature, ...options });
  }

  /** What a target is like, without opening it. */
  traitsOf(row: Pick<TargetRow, 'settings'>): TargetTraits {
    return row.settings.kind === 'folder' ? folderTraits : vaultTraits;
  }

  async #build(uid: string, settings: TargetSettings): Promise<Target> {
    switch (settings.kind) {
      case 'folder':
        return openFolder(settings.path);
      case 'vault': {
        const { client, traits } = await this.#service(settings);
        return vault({ ...client, vault: settings.vault, traits });
      }
      case 'practice': {
        const { client, traits } = await this.#service({ uid, speed: settings.speed });
        return vault({ ...client, vault: PRACTICE_VAULT, traits });
      }
    }
  }

  async #service(place: ServicePlace): Promise<{ client: VaultClientOptions } & ServiceNature> {
    if ('uid' in place) {
      const { url, region, credentials, now } = await this.#practice(place.uid, place.speed);
      const pollCapMs = Math.min(NEAR_POLL_CAP_MS, Math.max(200, USUAL_POLL_MS / place.speed));
      return { client: { ...this.#limits, region, endpoint: url, credentials }, traits: { pollCapMs }, now };
    }
    const { region, endpoint, awsProfile, awsKeys } = place;
    const credentials = awsKeys === undefined ? undefined : await this.#typedKeys(awsKeys);
    return {
      client: {
        ...this.#limits,
        region,
        ...(endpoint !== undefined && { endpoint }),
        ...(awsProfile !== undefined && { profile: awsProfile }),
        ...(credentials !== undefined && { credentials }),
      },
      traits: isNear(endpoint) ? { pollCapMs: NEAR_POLL_CAP_MS } : {},
    };
  }
}

/** Bytes of a full pack on a target with these settings. */
export function packBytesFor(settings: TargetSettings, traits: TargetTraits): number {
  return settings.packMiB === undefined ? traits.packBytes : settings.packMiB * MIB;
}

function isNear(endpoint: string | undefined): boolean {
  const chosen = endpoint ?? process.env.AWS_ENDPOINT_URL_GLACIER ?? process.env.AWS_ENDPOINT_URL;
  return chosen !== undefined && !/\.amazonaws\.com(\.cn)?$/.test(new URL(chosen).hostname);
}

/** Where a target is, in words. */
export function placeOf(settings: TargetSettings): string {
  switch (settings.kind) {
    case 'folder':
      return settings.path;
    case 'vault':
      return `vault ${settings.vault} in ${settings.region}`;
    case 'practice':
      return 'a vault on the built-in simulator';
  }
}

/** Loading the AWS SDK takes about 25 MB and 0.4 s: it waits until the first vault is opened. */
async function vault(options: VaultOptions): Promise<Target> {
  const { openVault } = await import('./vault.ts');
  return openVault(options);
}
