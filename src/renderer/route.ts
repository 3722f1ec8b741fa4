/** Where the window is, kept in the part of the address after `#`, so that a reload and the back button work. */
import { useSyncExternalStore } from 'react';

export type Route =
  | { readonly page: 'home'; readonly plan?: string }
  | { readonly page: 'restore'; readonly snapshot?: string }
  | { readonly page: 'activity' }
  | { readonly page: 'vaults' }
  | { readonly page: 'costs' };

/** `#/home`, `#/home/Photos`, `#/restore`, `#/restore/<id>`, `#/activity`, `#/vaults`, `#/costs`; anything else is home. */
export function parseRoute(hash: string): Route {
  const [page, rest] = hash.replace(/^#\/?/, '').split('/', 2).map(decode);
  const detail = rest === undefined || rest === '' ? undefined : rest;
  switch (page) {
    case 'restore':
      return detail === undefined ? { page } : { page, snapshot: detail };
    case 'activity':
    case 'vaults':
    case 'costs':
      return { page };
    default:
      return detail === undefined ? { page: 'home' } : { page: 'home', plan: detail };
  }
}

export function routeHash(route: Route): string {
  const detail = route.page === 'home' ? route.plan : route.page === 'restore' ? route.snapshot : undefined;
  return `#/${route.page}${detail === undefined ? '' : `/${encodeURIComponent(detail)}`}`;
}

/** A broken escape is part of a made-up address, not a failure. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => window.location.hash));
}

export function goTo(route: Route): void {
  window.location.hash = routeHash(route);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}
