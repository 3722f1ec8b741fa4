/**
 * Vault client: one Glacier client with the few things set that its defaults get wrong for large, slow transfers.
 *
 * - It never retries: retry.ts does, and knows more.
 * - Hashes come from the caller. Left to itself the client hashes each body twice, once for the tree hash and once
 *   for the signature; both are at hand here, so that middleware is taken out and the header is set before signing.
 * - A wrong clock is corrected from the service's answers (signingClock.ts), an expired session is read again once.
 * - Time limits: two minutes without a byte moving, and an end to the whole call that grows with its bytes, so that
 *   neither a dead line nor one that trickles keeps a call open for ever, while a slow upload is let finish.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  GlacierClient,
  type GlacierClientConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-glacier';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { awsFailure, outOfTime, responseOf } from './awsFailure.ts';
import type { Call } from './awsSentences.ts';
import { EngineError } from '../failure.ts';
import { isSkewRefusal, skewFailure } from './signingClock.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface VaultClientOptions {
  readonly region: string;
  /** Another service than the region's own: `http://127.0.0.1:4711`. Else `AWS_ENDPOINT_URL_GLACIER` is honoured. */
  readonly endpoint?: string;
  /** Keys entered by hand. Without them the usual chain is asked: environment, profile, single sign-on, machine role. */
  readonly credentials?: AwsKeys;
  /** A profile of the AWS configuration files. */
  readonly profile?: string;
  /** Where HTTPS_PROXY and NO_PROXY are read; by default this process's environment. A loopback endpoint needs none. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Longest wait for a connection, and longest silence on one, in ms; by default 10 s and 2 min. */
  readonly connectMs?: number;
  readonly idleMs?: number;
}

/** A command of the Glacier client, with what it takes and gives. */
export type GlacierCommand<In extends ServiceInputTypes, Out extends ServiceOutputTypes> = Parameters<
  typeof GlacierClient.prototype.send<In, Out>
>[0];

interface VaultClient {
  /** Who is asked, as host name. */
  readonly host: string;
  /** This computer's time, corrected by what the service's answers say, epoch ms. */
  readonly now: () => number;
  /** Sends one command. Rejects with `ServiceFailure`, or with the reason of the limits' signal. */
  send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    call: Call,
    command: GlacierCommand<In, Out>,
    limits?: CallLimits,
  ): Promise<Out>;
  /** The same for an answer whose body streams: the call lasts until `read` has read it. */
  sendAndRead<In extends ServiceInputTypes, Out extends ServiceOutputTypes, Result>(
    call: Call,
    command: GlacierCommand<In, Out>,
    read: (output: Out) => Promise<Result>,
    limits?: CallLimits,
  ): Promise<Result>;
  close(): void;
}

interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that go either way as a body. */
  readonly bytes?: number;
}

const CALL_MS = 3 * 60_000;
/** Slower than this on average is as good as not moving: a part of 16 MiB is given half an hour. */
const SLOWEST_BYTES_PER_MS = 8.192;

export function openVaultClient(options: VaultClientOptions): VaultClient {
  const agents = openAgents(options);
  let client = newClient(options, agents);

  async function run<T>(
    call: Call,
    { signal, bytes = 0 }: CallLimits,
    act: (client: GlacierClient, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const allowed = new Allowance();
    for (;;) {
      signal?.throwIfAborted();
      const used = client;
      const signedAt = Date.now() + used.config.systemClockOffset;
      try {
        return await within(CALL_MS + bytes / SLOWEST_BYTES_PER_MS, signal, call, (abort) =>
          act(used, abort),
        );
      } catch (error) {
        signal?.throwIfAborted();
        const next = allowed.after(error, signedAt, call);
        if (next === 'new-session' && options.credentials === undefined) client = newClient(options, agents);
        else if (next !== 'again') throw awsFailure(error, call) ?? error;
      }
    }
  }

  return {
    host: serviceUrl(options).host,
    now: () => Date.now() + client.config.systemClockOffset,
    send: (call, command, limits = {}) =>
      run(call, limits, (used, abortSignal) => used.send(command, { abortSignal })),
    sendAndRead: (call, command, read, limits = {}) =>
      run(call, limits, async (used, abortSignal) => read(await used.send(command, { abortSignal }))),
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/** The second tries one call may have: one for a corrected clock, one for credentials read anew. */
class Allowance {
  #clock = true;
  #session = true;

  /** @throws ServiceFailure when the clock was corrected and the service still finds the time wrong */
  after(error: unknown, signedAt: number, call: Call): 'again' | 'new-session' | 'no' {
    const name = error instanceof Error ? error.name : '';
    const serverDate = responseOf(error)?.date;
    if (serverDate !== undefined && isSkewRefusal(name, serverDate, signedAt)) {
      if (!this.#clock) throw skewFailure(serverDate, Date.now(), call.host);
      this.#clock = false;
      return 'again';
    }
    if (/^ExpiredToken/.test(name) && this.#session) {
      this.#session = false;
      return 'new-session';
    }
    return 'no';
  }
}

interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

function openAgents(options: VaultClientOptions): Agents {
  const { proxyEnv = process.env } = options;
  const proxy = isLoopback(serviceUrl(options).hostname) ? {} : { proxyEnv: { ...proxyEnv } };
  const settings = { keepAlive: true, maxSockets: 50, ...proxy };
  return { httpAgent: new HttpAgent(settings), httpsAgent: new HttpsAgent(settings) };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

function newClient(options: VaultClientOptions, agents: Agents): GlacierClient {
  const { region, endpoint, credentials, profile, connectMs = 10_000, idleMs = 120_000 } = options;
  const config: GlacierClientConfig = {
    region,
    maxAttempts: 1,
    credentials:
      credentials ??
      fromNodeProviderChain({
        ignoreCache: true,
        clientConfig: { region },
        ...(profile === undefined ? {} : { profile }),
      }),
    requestHandler: {
      ...agents,
      connectionTimeout: connectMs,
      socketTimeout: idleMs,
      requestTimeout: 0,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const client = new GlacierClient(config);
  if (!client.middlewareStack.remove('addChecksumHeadersMiddleware')) {
    throw new RangeError('the Glacier client has no checksum middleware of the known name');
  }
  return client;
}

/** Where the client will send its requests; it reads the same two variables. */
function serviceUrl({ endpoint, region }: VaultClientOptions): URL {
  const { AWS_ENDPOINT_URL_GLACIER, AWS_ENDPOINT_URL } = process.env;
  const chosen =
    endpoint ?? AWS_ENDPOINT_URL_GLACIER ?? AWS_ENDPOINT_URL ?? `https://glacier.${region}.amazonaws.com`;
  const url = URL.parse(chosen);
  if (url !== null) return url;
  throw new EngineError(
    'invalid',
    `${chosen} is not an address of a service.`,
    'Write the endpoint like https://glacier.example.org, or leave it out.',
  );
}

/** Runs `act` with a signal that ends at `signal`'s abort or after `ms`. */
async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  call: Call,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const late = outOfTime(call);
  const timer = setTimeout(() => end.abort(late), ms);
  const forward = (): void => end.abort();
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await act(end.signal);
  } catch (error) {
    throw end.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}
