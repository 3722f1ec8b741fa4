/** Writes files of a corpus with a time long past, so that no program takes them for too new to be trusted. */
import { closeSync, openSync, utimesSync, writeFileSync } from 'node:fs';
import type { Random } from './random.ts';

const FIRST_TIME = Date.UTC(2024, 0, 1) / 1000;
const SECONDS_OF_YEAR = 365 * 86_400;

export function writeSmallFile(path: string, content: string | Uint8Array, random: Random): void {
  writeFileSync(path, content);
  setTime(path, random);
}

/** Opens `path` for writing and reading back, lets `write` fill it, and closes it. */
export function writeBigFile(path: string, random: Random, write: (file: number) => void): void {
  const file = openSync(path, 'w+');
  try {
    write(file);
  } finally {
    closeSync(file);
  }
  setTime(path, random);
}

function setTime(path: string, random: Random): void {
  const time = FIRST_TIME + random.below(SECONDS_OF_YEAR);
  utimesSync(path, time, time);
}
