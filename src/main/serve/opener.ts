/** Opens a link in the user's browser by the means of the system. */
import { spawn } from 'node:child_process';

/** Command and arguments for `platform`. */
export function openerFor(platform: NodeJS.Platform, url: string): readonly [string, ...string[]] {
  switch (platform) {
    case 'darwin':
      return ['open', url];
    case 'win32':
      // `start` belongs to the shell; its first quoted argument would be a window's title. Our links hold no & or %.
      return ['cmd.exe', '/d', '/c', 'start', '', url];
    default:
      return ['xdg-open', url];
  }
}

/** Calls `failed` when there is no opener or it says it could not; returns at once either way. */
export function openInBrowser(url: string, failed: () => void, platform = process.platform): void {
  const [command, ...args] = openerFor(platform, url);
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', failed);
  child.on('exit', (code) => {
    if (code !== 0) failed();
  });
  child.unref();
}
