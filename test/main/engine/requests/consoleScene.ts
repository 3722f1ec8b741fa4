/** A scene for the vault console: an engine beside a simulated service that has one vault, `photos`. */
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../../../src/main/simulator/simulator.ts';
import { PASSPHRASE, Scene } from '../scene.ts';

export class ConsoleScene extends Scene {
  #simulator: Simulator | null = null;

  get simulator(): Simulator {
    if (this.#simulator === null) throw new RangeError('start the scene first');
    return this.#simulator;
  }

  /** Whose vaults: for requests of the console. */
  get at(): { readonly region: string; readonly endpoint: string } {
    return { region: this.simulator.region, endpoint: this.simulator.url };
  }

  /** The vault `photos`, in a request. */
  get photos(): { readonly at: ConsoleScene['at']; readonly vault: string } {
    return { at: this.at, vault: 'photos' };
  }

  async start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    this.#simulator = await startSimulator({ dir: this.path('simulator'), durability: 'none', ...options });
    process.env.AWS_ACCESS_KEY_ID = this.simulator.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = this.simulator.secretAccessKey;
    await this.open();
    await this.ask('vaults:create', this.photos);
  }

  /** Keys, the vault as target `attic`, and a plan `docs` for it. */
  async setUpPlan(): Promise<void> {
    await this.ask('profile:init', { passphrase: PASSPHRASE });
    await this.ask('targets:add', {
      name: 'attic',
      settings: { kind: 'vault', vault: 'photos', ...this.at, packMiB: 4 },
    });
    await this.ask('plans:add', { name: 'docs', target: 'attic', sources: [this.source] });
  }

  override async remove(): Promise<void> {
    await this.close();
    await this.#simulator?.close();
    this.#simulator = null;
    await super.remove();
  }
}
