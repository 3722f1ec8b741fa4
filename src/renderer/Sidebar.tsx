import type { ReactNode } from 'react';
import { useAnswer } from './engine.tsx';
import { ActivityIcon, CostsIcon, HomeIcon, RestoreIcon, VaultIcon } from './pieces/icons.tsx';
import { routeHash } from './route.ts';
import type { Route } from './route.ts';

const places: readonly { readonly page: Route['page']; readonly word: string; readonly icon: ReactNode }[] = [
  { page: 'home', word: 'Home', icon: <HomeIcon /> },
  { page: 'restore', word: 'Restore', icon: <RestoreIcon /> },
  { page: 'activity', word: 'Activity', icon: <ActivityIcon /> },
  { page: 'vaults', word: 'Vaults', icon: <VaultIcon /> },
  { page: 'costs', word: 'Costs', icon: <CostsIcon /> },
];

export function Sidebar({ route }: { route: Route }) {
  const plans = useAnswer('plans:list', {}).data ?? [];
  const needsUser = plans.some(({ lastRun }) => lastRun?.state === 'failed' || lastRun?.state === 'problems');
  return (
    <nav className="sidebar" aria-label="Pages">
      <p className="brand" aria-hidden="true">
        Permafrost
      </p>
      <ul>
        {places.map(({ page, word, icon }) => (
          <li key={page}>
            <a href={routeHash({ page })} aria-current={route.page === page ? 'page' : undefined}>
              {icon}
              <span>{word}</span>
              {page === 'home' && needsUser && (
                <span className="dot">
                  <span className="for-readers">needs you</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
