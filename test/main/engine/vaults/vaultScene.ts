/** A scene at the vault of a practice target, for what the console does with archives. */
import { writeFileSync } from 'node:fs';
import type { ErrandSummary } from '../../../../src/shared/archiveTypes.ts';
import { Scene } from '../scene.ts';

export class VaultScene extends Scene {
  readonly at = { at: { target: 'attic' } } as const;

  /** A practice target `attic`, its clock running as ours does. */
  async begin(): Promise<void> {
    await this.setUp({ kind: 'practice', speed: 1, packMiB: 4 });
  }

  /** The engine ends where it is and starts again, as after a reboot. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  async advance(hours: number): Promise<void> {
    await this.ask('practice:advance', { target: 'attic', hours });
  }

  file(name: string, content: string | Buffer): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  /** Stores bytes as an archive; resolves to its id. */
  async store(description: string, content: string | Buffer = description): Promise<string> {
    const path = this.file(`${Math.random()}`, content);
    const errand = await this.through(
      await this.ask('uploads:start', { ...this.at, path, description, accept: true }),
    );
    if (errand.archive === null) throw new Error(JSON.stringify(errand));
    return errand.archive;
  }

  /** The errand once it has ended, or is kept from going on. */
  through({ id }: { readonly id: string }): Promise<ErrandSummary> {
    return this.until(id, ({ endedAt, failure }) => endedAt !== null || failure !== null);
  }

  /** The errand once it is as `isSo` says. */
  async until(id: string, isSo: (errand: ErrandSummary) => boolean): Promise<ErrandSummary> {
    return new Promise((resolve, reject) => {
      const look = (errand: ErrandSummary): void => {
        if (errand.id !== id || !isSo(errand)) return;
        off();
        resolve(errand);
      };
      const off = this.engine.on('errand:changed', look);
      this.ask('errands:show', { id }).then(look, reject);
    });
  }

  /** Starts the engine anew after some hours, and carries on what waits: at once, where a running one looks now and then. */
  async later(hours: number): Promise<void> {
    await this.reopen();
    await this.advance(hours);
    await this.ask('errands:resume', {});
  }

  /** Has the vault's inventory read as it is after a day. */
  async readInventory(format: 'json' | 'csv' = 'json'): Promise<ErrandSummary> {
    await this.advance(25);
    const asked = await this.ask('inventories:request', { ...this.at, format });
    await this.until(asked.id, ({ step }) => step === 'waiting' || step === 'over');
    await this.later(6);
    return this.through(asked);
  }
}
