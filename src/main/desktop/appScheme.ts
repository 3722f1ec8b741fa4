/**
 * app://permafrost: the window's own address. Pages come from memory and only what the build put there exists, so no
 * path can lead out of it; `file:` is never used. The answers are those of the browser host, with the same policy but
 * for connections, of which the desktop window needs none.
 */
import { protocol } from 'electron';
import { builtWindow, loadPages } from '../serve/server.ts';
import type { Pages } from '../serve/server.ts';

const SCHEME = 'app';
const HOST = 'permafrost';
export const ORIGIN = `${SCHEME}://${HOST}`;

/** Must be called before the app is ready. Standard, so that it has origins; secure, as https is; nothing more. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);
}

export function answerAppScheme(renderer = builtWindow()): void {
  let pages: Pages | undefined;
  protocol.handle(SCHEME, (request) => {
    pages ??= loadPages(renderer, 'none');
    const url = new URL(request.url);
    const isKnown = url.host === HOST && request.method === 'GET';
    const { status, headers, body } = pages(isKnown ? url.pathname : '');
    return new Response(new Uint8Array(body), { status, headers });
  });
}
