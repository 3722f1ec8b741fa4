/**
 * The built window as answers to GET: what the browser host sends over HTTP and the desktop over app://.
 *
 * All files are read once, into memory (about a megabyte), and a request can only name one of them: no path that
 * comes from outside ever reaches the file system. Each answer carries the content security policy; React Aria adds
 * style elements of its own and reads the nonce for them from the page, so every page gets a fresh one.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError } from '../engine/engine.ts';

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Answers one path of a URL (`/`, `/assets/index-1a2b.js`); 404 for what the window does not have. */
export type Pages = (urlPath: string) => PageAnswer;

/** Where `npm run build` puts the window, seen from source and from dist/. */
export function builtWindow(): string {
  return fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../../../dist/renderer' : './renderer', import.meta.url),
  );
}

const INDEX = '/index.html';
/** Stands in the page where its nonce goes; as plain text, so that the build leaves it alone. */
const NONCE_MARK = 'nonce-goes-here';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * @param connect what the page may talk to: its own host in a browser, nobody in the desktop window
 * @throws EngineError `not-found` when the window has not been built
 */
export function loadPages(folder: string, connect: 'self' | 'none'): Pages {
  const files = readAll(folder);
  const index = files.get(INDEX)?.toString('utf8');
  if (index === undefined) {
    throw new EngineError(
      'not-found',
      `The window is missing: there is no ${join(folder, 'index.html')}.`,
      'Run npm run build, then start again.',
    );
  }
  return (urlPath) => {
    const path = urlPath === '/' ? INDEX : urlPath;
    const body = files.get(path);
    if (body === undefined) return textPage(404, 'There is no such page.');
    const nonce = randomBytes(16).toString('base64');
    return {
      status: 200,
      headers: {
        ...guardHeaders(nonce, connect),
        'content-type': mediaTypes[extname(path)] ?? 'application/octet-stream',
        // The build puts a hash of the content into these names.
        'cache-control': path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
      },
      body: path === INDEX ? Buffer.from(index.replaceAll(NONCE_MARK, nonce)) : body,
    };
  };
}

/** A sentence as a page of its own, under the same policy. */
export function textPage(status: number, sentence: string): PageAnswer {
  return {
    status,
    headers: {
      ...guardHeaders(undefined, 'none'),
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    },
    body: Buffer.from(`${sentence}\n`),
  };
}

/** What every answer says to the browser, whatever it carries. */
export function guardHeaders(nonce: string | undefined, connect: 'self' | 'none'): Record<string, string> {
  const style = nonce === undefined ? `'self'` : `'self' 'nonce-${nonce}'`;
  return {
    'content-security-policy': [
      `default-src 'none'`,
      `script-src 'self'`,
      `style-src ${style}`,
      `img-src 'self' data:`,
      `font-src 'self'`,
      `connect-src '${connect}'`,
      `base-uri 'none'`,
      `form-action 'none'`,
      `frame-ancestors 'none'`,
      `require-trusted-types-for 'script'`,
      `trusted-types 'none'`,
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
  };
}

function readAll(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let names;
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return files;
  }
  for (const name of names) {
    if (!name.isFile()) continue;
    const file = join(name.parentPath, name.name);
    files.set(`/${relative(folder, file).split(sep).join('/')}`, readFileSync(file));
  }
  return files;
}
