import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageShape = z.object({ version: z.string() });

/** The version in package.json, which lies above `dist/` when built and above `src/` when run from source. */
export function version(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../../package.json' : '../package.json';
  return packageShape.parse(JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'))).version;
}
