import { join } from 'node:path';
import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import type { PracticeService } from './target/openTarget.ts';

/** Practice vaults of this profile: each a simulator on a loopback port, started when it is first needed. */
export class PracticeVaults {
  readonly #dir: string;
  readonly #running = new Map<string, Promise<Simulator>>();

  /** @param dir where they keep their archives; one folder each */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async service(uid: string, speed: number): Promise<PracticeService> {
    const simulator = await this.#start(uid, speed);
    const { url, region, accessKeyId, secretAccessKey } = simulator;
    return { url, region, credentials: { accessKeyId, secretAccessKey }, now: () => simulator.now() };
  }

  /** Lets virtual time pass; resolves to the new time, epoch ms. */
  async advance(uid: string, speed: number, ms: number): Promise<number> {
    const simulator = await this.#start(uid, speed);
    simulator.advance(ms);
    return simulator.now();
  }

  async close(): Promise<void> {
    const running = await Promise.allSettled(this.#running.values());
    this.#running.clear();
    for (const started of running) if (started.status === 'fulfilled') await started.value.close();
  }

  #start(uid: string, speed: number): Promise<Simulator> {
    let simulator = this.#running.get(uid);
    if (simulator === undefined) {
      simulator = startSimulator({ dir: join(this.#dir, uid), speed });
      this.#running.set(uid, simulator);
      simulator.catch(() => this.#running.delete(uid));
    }
    return simulator;
  }
}
