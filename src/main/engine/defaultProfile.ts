import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface System {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const thisSystem: System = { platform: process.platform, home: homedir(), env: process.env };

/** Where the profile lies when nobody says otherwise: the place this system keeps application data in. */
export function defaultProfile({ platform, home, env }: System): string {
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Permafrost');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'Permafrost');
    default: {
      // A relative value is to be ignored (XDG Base Directory Specification).
      const data = env['XDG_DATA_HOME'];
      return join(
        data !== undefined && isAbsolute(data) ? data : join(home, '.local', 'share'),
        'permafrost',
      );
    }
  }
}
