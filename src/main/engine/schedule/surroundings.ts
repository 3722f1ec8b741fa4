/**
 * Where this computer is, as far as Linux tells without anybody's help: the kernel knows of power supplies, NetworkManager
 * of networks and what they cost. Elsewhere the host has to tell; what nobody tells is not known.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Surroundings } from './conditions.ts';

const PATIENCE_MS = 3000;
const run = promisify(execFile);

/** @param supplies the kernel's folder of power supplies @param nmcli the command of NetworkManager */
export async function readSurroundings(
  supplies = '/sys/class/power_supply',
  nmcli = 'nmcli',
): Promise<Surroundings> {
  if (process.platform !== 'linux') return { isOnBattery: null, isMetered: null, networks: null };
  return { isOnBattery: onBattery(supplies), ...(await networks(nmcli)) };
}

/** On battery: there is one, it is not of a mouse, and no mains supply is on. */
function onBattery(folder: string): boolean | null {
  try {
    const supplies = readdirSync(folder).map((name) => {
      const read = (what: string): string => {
        try {
          return readFileSync(join(folder, name, what), 'utf8').trim();
        } catch {
          return '';
        }
      };
      return { type: read('type'), online: read('online'), scope: read('scope') };
    });
    if (!supplies.some(({ type, scope }) => type === 'Battery' && scope !== 'Device')) return false;
    return !supplies.some(({ type, online }) => type !== 'Battery' && online === '1');
  } catch {
    return null;
  }
}

async function networks(nmcli: string): Promise<Pick<Surroundings, 'isMetered' | 'networks'>> {
  try {
    const options = { timeout: PATIENCE_MS, env: { ...process.env, LC_ALL: 'C' } };
    const names = await run(nmcli, ['-t', '-f', 'NAME', 'connection', 'show', '--active'], options);
    const metered = await run(nmcli, ['-t', '-f', 'GENERAL.METERED', 'device', 'show'], options);
    return {
      // Colons in names are written with a backslash.
      networks: lines(names.stdout).map((name) => name.replaceAll(/\\(.)/g, '$1')),
      isMetered: lines(metered.stdout).some((line) => /^GENERAL\.METERED:yes/.test(line)),
    };
  } catch {
    return { networks: null, isMetered: null };
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
