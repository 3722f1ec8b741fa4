/**
 * Who may speak to the browser host. Every page the user has open could send requests to a port of this computer,
 * so a request must show three things:
 *
 * - it came to this server under its own name (`Host`): a foreign domain that was pointed at 127.0.0.1 gives itself
 *   away there (DNS rebinding);
 * - it came from our page or from no page (`Origin`, `Sec-Fetch-Site`), and asks for something only as JSON, which a
 *   foreign form cannot send (cross-site request forgery);
 * - it carries the cookie that the one-time link was exchanged for. Other users of this computer can reach the port
 *   too, and know neither.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly why: string;
}

/** What is wrong with a request before it is looked at who sent it; undefined if nothing is. */
export function refusal(method: string, headers: IncomingHttpHeaders, port: number): Refusal | undefined {
  const names = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host, origin } = headers;
  if (host === undefined || !names.includes(host.toLowerCase())) {
    return { status: 421, why: `This server answers only as ${names.join(' and ')}.` };
  }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return { status: 403, why: 'This request comes from another page.' };
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method !== 'POST') return { status: 405, why: 'Only GET and POST are answered.' };
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') {
    return { status: 403, why: 'This request comes from another page.' };
  }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json'
    ? undefined
    : { status: 415, why: 'A request is sent as application/json.' };
}

/** One-time links and the sessions they were exchanged for; both live as long as the server. */
export interface Guests {
  /** A token for one link: 128 random bits. Links that were not used yet stay good. */
  invite(): string;
  /** The value of `set-cookie` for the guest who brings a token; undefined if it is unknown or was used. */
  admit(token: string): string | undefined;
  /** Whether a `cookie` header holds a session of ours. */
  knows(cookieHeader: string | undefined): boolean;
}

export function openGuests(port: number): Guests {
  // Browsers send cookies to every port of a host: two servers must not overwrite each other's.
  const cookieName = `permafrost-${port}`;
  const tokens = new Set<string>();
  const sessions = new Set<string>();
  return {
    invite: () => {
      const token = randomBytes(16).toString('hex');
      tokens.add(token);
      return token;
    },
    admit: (token) => {
      const known = find(tokens, token);
      if (known === undefined) return undefined;
      tokens.delete(known);
      const session = randomBytes(32).toString('hex');
      sessions.add(session);
      return `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`;
    },
    knows: (cookieHeader) =>
      (cookieHeader ?? '').split(';').some((pair) => {
        const [name, value] = pair.trim().split('=');
        return name === cookieName && value !== undefined && find(sessions, value) !== undefined;
      }),
  };
}

/** Looks a secret up without telling by its time how much of it was right. */
function find(secrets: ReadonlySet<string>, offered: string): string | undefined {
  const bytes = Buffer.from(offered);
  let found: string | undefined;
  for (const secret of secrets) {
    const own = Buffer.from(secret);
    if (own.length === bytes.length && timingSafeEqual(own, bytes)) found = secret;
  }
  return found;
}
