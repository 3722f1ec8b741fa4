/** The simulator of the vault service in a process of its own, as far away as a service is from what uses it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

interface SimulatorProcess {
  readonly url: string;
  readonly region: string;
  /** The keys it takes, where the command line looks for them. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts the simulator of the built `program`, its data in `dir`; resolves once it can be asked. */
export async function startSimulator(
  program: string,
  dir: string,
  env: Readonly<Record<string, string>>,
): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [program, 'simulator', '--dir', dir], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const first = await Promise.race([once(lines, 'line'), ended.then(() => null)]);
  if (first === null) throw new Error('The simulator ended before it could be asked.');
  const access = JSON.parse(String(first[0])) as Access;
  return {
    url: access.url,
    region: access.region,
    env: { AWS_ACCESS_KEY_ID: access.accessKeyId, AWS_SECRET_ACCESS_KEY: access.secretAccessKey },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/** The first line it writes. */
interface Access {
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
