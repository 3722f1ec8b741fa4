import { describe, expect, it } from 'vitest';
import { openGuests, refusal } from '../../../src/main/serve/gate.ts';

const PORT = 4711;
const own = { host: '127.0.0.1:4711' };
const post = { ...own, 'content-type': 'application/json' };

describe('a request', () => {
  it.each([
    ['a page asked for by its address', 'GET', own],
    ['a page asked for by name', 'GET', { host: 'LocalHost:4711' }],
    [
      'a request of our page',
      'POST',
      { ...post, origin: 'http://127.0.0.1:4711', 'sec-fetch-site': 'same-origin' },
    ],
    ['a request of a program', 'POST', { ...post, 'content-type': 'application/json; charset=utf-8' }],
    ['a link followed from elsewhere', 'GET', { ...own, 'sec-fetch-site': 'cross-site' }],
  ])('passes: %s', (_what, method, headers) => {
    expect(refusal(method, headers, PORT)).toBeUndefined();
  });

  it.each([
    ['another name for this computer', 'GET', { host: 'rebound.example:4711' }, 421],
    ['another port', 'GET', { host: '127.0.0.1:80' }, 421],
    ['no host', 'GET', {}, 421],
    ['another page', 'POST', { ...post, origin: 'http://evil.example' }, 403],
    ['another port of this computer', 'POST', { ...post, origin: 'http://127.0.0.1:1' }, 403],
    ['the other name of this computer', 'POST', { ...post, origin: 'http://localhost:4711' }, 403],
    ['a page without an origin', 'POST', { ...post, origin: 'null' }, 403],
    ['another site, by the word of the browser', 'POST', { ...post, 'sec-fetch-site': 'same-site' }, 403],
    ['a form', 'POST', { ...own, 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a plain-text form', 'POST', { ...own, 'content-type': 'text/plain' }, 415],
    ['no type', 'POST', own, 415],
    ['a method nobody needs', 'PUT', post, 405],
  ])('is refused: %s', (_what, method, headers, status) => {
    expect(refusal(method, headers, PORT)?.status).toBe(status);
  });
});

describe('guests', () => {
  const sessionOf = (cookie: string | undefined): string => cookie?.split(';')[0] ?? '';

  it('admits a token once', () => {
    const guests = openGuests(PORT);
    const token = guests.invite();
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(guests.admit(token)).toMatch(/^permafrost-4711=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(guests.admit(token)).toBeUndefined();
  });

  it('keeps every link good that was not used', () => {
    const guests = openGuests(PORT);
    const [first, second] = [guests.invite(), guests.invite()];
    expect(guests.admit(second)).toBeDefined();
    expect(guests.admit(first)).toBeDefined();
  });

  it('knows a session among other cookies, and no other', () => {
    const guests = openGuests(PORT);
    const session = sessionOf(guests.admit(guests.invite()));
    expect(guests.knows(`theme=dark; ${session}; permafrost-80=x`)).toBe(true);
    expect(guests.knows(session.replace('4711', '4712'))).toBe(false);
    expect(guests.knows(`${session}0`)).toBe(false);
    expect(guests.knows(session.slice(0, -1))).toBe(false);
    expect(guests.knows('permafrost-4711=')).toBe(false);
    expect(guests.knows(undefined)).toBe(false);
  });

  it('knows no token as a session and no session as a token', () => {
    const guests = openGuests(PORT);
    const token = guests.invite();
    expect(guests.knows(`permafrost-4711=${token}`)).toBe(false);
    const session = sessionOf(guests.admit(token)).split('=')[1] ?? '';
    expect(guests.admit(session)).toBeUndefined();
  });
});
