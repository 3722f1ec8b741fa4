import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anyConditions, limitAt, waitsFor } from '../../../../src/main/engine/schedule/conditions.ts';
import { readSurroundings } from '../../../../src/main/engine/schedule/surroundings.ts';

const home = { isOnBattery: false, isMetered: false, networks: ['Home'] };
const nothingKnown = { isOnBattery: null, isMetered: null, networks: null };

describe('conditions', () => {
  it('keep what they name, and nothing that is not known', () => {
    const strict = { onBattery: false, onMetered: false, networks: ['Home', 'Office'] };
    expect(waitsFor(anyConditions, { isOnBattery: true, isMetered: true, networks: [] })).toBeNull();
    expect(waitsFor(strict, home)).toBeNull();
    expect(waitsFor(strict, nothingKnown)).toBeNull();
    expect(waitsFor(strict, { ...home, isOnBattery: true })).toBe('for the power supply');
    expect(waitsFor(strict, { ...home, isMetered: true })).toBe('for a connection that is not metered');
    expect(waitsFor(strict, { ...home, networks: ['Train'] })).toBe('for the network Home or Office');
  });

  it('limit uploads by the time of day, over midnight too', () => {
    const limits = [
      { bytesPerSecond: 5_000_000, from: null, to: null },
      { bytesPerSecond: 100_000, from: '08:00', to: '18:00' },
      { bytesPerSecond: 9_000_000, from: '23:00', to: '05:00' },
    ];
    const at = (time: string) => limitAt(limits, Date.parse(`2026-11-27T${time}:00Z`), 'UTC');
    expect([at('07:59'), at('08:00'), at('17:59'), at('18:00')]).toEqual([5e6, 1e5, 1e5, 5e6]);
    expect([at('23:30'), at('04:59'), at('05:00')]).toEqual([9e6, 9e6, 5e6]);
    expect(limitAt([], 0, 'UTC')).toBeNull();
  });
});

describe.runIf(process.platform === 'linux')('what Linux tells', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'permafrost-around-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const supply = (name: string, files: Readonly<Record<string, string>>): void => {
    mkdirSync(join(dir, 'supplies', name), { recursive: true });
    for (const [file, text] of Object.entries(files))
      writeFileSync(join(dir, 'supplies', name, file), `${text}\n`);
  };
  const around = () => readSurroundings(join(dir, 'supplies'), join(dir, 'nmcli'));

  it('of power: a battery, and whether the mains are on; a mouse has a battery of its own', async () => {
    expect(await around()).toEqual(nothingKnown);
    supply('mouse', { type: 'Battery', scope: 'Device' });
    expect(await around()).toMatchObject({ isOnBattery: false });
    supply('BAT0', { type: 'Battery' });
    supply('AC', { type: 'Mains', online: '0' });
    expect(await around()).toMatchObject({ isOnBattery: true });
    supply('AC', { type: 'Mains', online: '1' });
    expect(await around()).toMatchObject({ isOnBattery: false });
  });

  it('of networks: their names, and whether one is metered', async () => {
    const script = `#!/bin/sh
case "$*" in
  *connection*) printf 'Home\\\\: upstairs\\nlo\\n' ;;
  *) printf 'GENERAL.METERED:no\\n\\nGENERAL.METERED:yes (guessed)\\n' ;;
esac
`;
    writeFileSync(join(dir, 'nmcli'), script);
    chmodSync(join(dir, 'nmcli'), 0o755);
    expect(await around()).toMatchObject({ networks: ['Home: upstairs', 'lo'], isMetered: true });
  });
});
