import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRoute, routeHash } from '../../src/renderer/route.ts';
import type { Route } from '../../src/renderer/route.ts';

it('every place has an address that leads back to it', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  const route = fc.oneof(
    fc.constantFrom<Route>({ page: 'home' }, { page: 'restore' }, { page: 'activity' }, { page: 'vaults' }),
    name.map((plan): Route => ({ page: 'home', plan })),
    name.map((snapshot): Route => ({ page: 'restore', snapshot })),
  );
  fc.assert(
    fc.property(route, (place) => {
      expect(parseRoute(routeHash(place))).toEqual(place);
    }),
  );
});

it('an address nobody gave out leads home', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/%E0%A4%A', 'home']) {
    expect(parseRoute(hash)).toEqual({ page: 'home' });
  }
});
