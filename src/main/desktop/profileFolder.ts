import { resolve } from 'node:path';
import { defaultProfile, thisSystem } from '../engine/engine.ts';

/** The profile the command line uses too, so that both know the same plans. */
export function profileFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const chosen = env['PERMAFROST_PROFILE'];
  return chosen === undefined || chosen === '' ? defaultProfile(thisSystem) : resolve(chosen);
}
