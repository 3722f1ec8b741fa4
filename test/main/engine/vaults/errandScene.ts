/** A scene for errands at the vault `photos` of a simulated service, whose faults and counts can be had. */
import { writeFileSync } from 'node:fs';
import type { ErrandSummary } from '../../../../src/shared/archiveTypes.ts';
import { ConsoleScene } from '../requests/consoleScene.ts';

const HOUR = 3_600_000;

export class ErrandScene extends ConsoleScene {
  /** The errand once it is as `isSo` says. */
  until(id: string, isSo: (errand: ErrandSummary) => boolean): Promise<ErrandSummary> {
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

  /** The errand once it has ended, or is kept from going on. */
  through({ id }: { readonly id: string }): Promise<ErrandSummary> {
    return this.until(id, ({ endedAt, failure }) => endedAt !== null || failure !== null);
  }

  /** The engine ends where it is and starts again, as after a reboot. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  advance(hours: number): void {
    this.simulator.advance(hours * HOUR);
  }

  /** Stores bytes as an archive; resolves to its id. */
  async store(name: string, bytes: Buffer = Buffer.from(name)): Promise<string> {
    const path = this.path(`${Math.random()}`);
    writeFileSync(path, bytes);
    const asked = { ...this.photos, path, description: name, accept: true } as const;
    return (await this.through(await this.ask('uploads:start', asked))).archive ?? '';
  }

  /** Carries an errand on as far as it goes, after some hours, with the engine started anew. */
  async later(errand: { readonly id: string }, hours: number): Promise<ErrandSummary> {
    await this.reopen();
    this.advance(hours);
    await this.ask('errands:resume', {});
    return this.through(errand);
  }

  /** Has the vault's inventory read as it is after a day. */
  async readInventory(): Promise<ErrandSummary> {
    this.advance(25);
    const asked = await this.ask('inventories:request', this.photos);
    await this.until(asked.id, ({ step }) => step === 'waiting' || step === 'over');
    return this.later(asked, 6);
  }
}
