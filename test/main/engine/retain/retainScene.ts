/** A scene in which snapshots go and archives are deleted, on a folder target. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { PruneSummary } from '../../../../src/shared/retentionTypes.ts';
import { PASSPHRASE, Scene } from '../scene.ts';

export class RetainScene extends Scene {
  /** Applies the rules and deletes what is due; resolves when nothing is under way. */
  async prune(): Promise<PruneSummary> {
    let off = (): void => undefined;
    const ended = new Promise<PruneSummary>((resolve) => {
      off = this.engine.on('prune:changed', (summary) => {
        if (!summary.isDeleting) resolve(summary);
      });
    });
    try {
      await this.ask('prune:start', { target: 'attic' });
      return await ended;
    } finally {
      off();
    }
  }

  get archives(): readonly string[] {
    return readdirSync(this.path('attic', 'archives')).sort();
  }

  /** As if everything that waits for its deletion had waited so much longer already. The engine starts anew. */
  async daysLater(days: number): Promise<void> {
    await this.close();
    const ms = days * 86_400_000;
    await alterCatalog(
      join(this.profile, 'catalog.db'),
      `update packs set dead_at = dead_at - ${ms}; update tombstones set forgotten_at = forgotten_at - ${ms}`,
    );
    await this.open();
    await this.ask('profile:unlock', { passphrase: PASSPHRASE });
  }
}

/** Changes a catalog by hand, while it is closed. */
export async function alterCatalog(file: string, sql: string): Promise<void> {
  const db = new sqlite3.Database(file);
  await new Promise<void>((resolve, reject) => db.exec(sql, (e) => (e === null ? resolve() : reject(e))));
  await new Promise((resolve) => db.close(resolve));
}
