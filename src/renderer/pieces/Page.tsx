/** One page, one title, one primary action. Arriving at it puts the focus on its title, so that it is read out. */
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';

export function Page({
  name,
  title = name,
  action,
  isWide = false,
  children,
}: {
  /** What the page is called in the sidebar and the window's title. */
  name: string;
  title?: ReactNode;
  action?: ReactNode | undefined;
  isWide?: boolean;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const isFirst = document.title === 'Permafrost';
    document.title = `${name} – Permafrost`;
    if (!isFirst) heading.current?.focus();
  }, [name]);
  return (
    <main className={isWide ? 'page wide' : 'page'}>
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {action !== undefined && <div className="actions">{action}</div>}
      </header>
      {children}
    </main>
  );
}
