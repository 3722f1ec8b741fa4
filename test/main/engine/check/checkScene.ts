import type { CheckSummary } from '../../../../src/shared/checkTypes.ts';
import { VaultScene } from '../vaults/vaultScene.ts';

/** A scene in which targets are checked; `begin` gives it a practice vault, `setUp` by itself a folder. */
export class CheckScene extends VaultScene {
  /** Starts a check, or carries on the open one, and waits until it has ended or is kept from going on. */
  async check(
    wanted: { readonly readPercent?: number; readonly maxUsd?: number } = {},
  ): Promise<CheckSummary> {
    return this.checkUntil(wanted, ({ endedAt, failure }) => endedAt !== null || failure !== null);
  }

  /** The check once it is as `isSo` says. */
  async checkUntil(
    wanted: { readonly readPercent?: number; readonly maxUsd?: number },
    isSo: (check: CheckSummary) => boolean,
  ): Promise<CheckSummary> {
    let off = (): void => undefined;
    const seen = new Promise<CheckSummary>((resolve) => {
      off = this.engine.on('check:changed', (check) => {
        if (isSo(check)) resolve(check);
      });
    });
    try {
      await this.ask('check:start', { target: 'attic', ...wanted });
      return await seen;
    } finally {
      off();
    }
  }
}
