/** The window: first run, unlocking, or the pages, depending on the profile. */
import { ActivityPage } from './activity/ActivityPage.tsx';
import { CostsPage } from './costs/CostsPage.tsx';
import { useAnswer, useLink, useNotices } from './engine.tsx';
import { HomePage } from './home/HomePage.tsx';
import { Answered } from './pieces/Answered.tsx';
import { Button } from './pieces/controls.tsx';
import { Trouble } from './pieces/Trouble.tsx';
import { RestorePage } from './restore/RestorePage.tsx';
import { useRoute } from './route.ts';
import type { Route } from './route.ts';
import { Sidebar } from './Sidebar.tsx';
import { FirstRun } from './start/FirstRun.tsx';
import { Unlock } from './start/Unlock.tsx';
import { VaultsPage } from './vaults/VaultsPage.tsx';

export function App() {
  const profile = useAnswer('profile:status', {});
  return (
    <>
      <LinkBanner />
      <Answered answer={profile}>
        {({ state }) => (state === 'open' ? <House /> : state === 'new' ? <FirstRun /> : <Unlock />)}
      </Answered>
    </>
  );
}

function House() {
  const route = useRoute();
  return (
    <div className="house">
      <Sidebar route={route} />
      <div className="room">
        <Notices />
        <PageOf route={route} />
      </div>
    </div>
  );
}

function PageOf({ route }: { route: Route }) {
  switch (route.page) {
    case 'home':
      return <HomePage openPlan={route.plan} />;
    case 'restore':
      return <RestorePage snapshotId={route.snapshot} />;
    case 'activity':
      return <ActivityPage />;
    case 'vaults':
      return <VaultsPage />;
    case 'costs':
      return <CostsPage />;
  }
}

/** Calm, and true: what is on show may be out of date, and nothing needs to be pressed. */
function LinkBanner() {
  const link = useLink();
  if (link === 'up') return null;
  return (
    <div className="banner" role="status">
      {link === 'gone'
        ? 'Permafrost is not answering. What you see may be out of date; this window comes back by itself.'
        : 'This window is not let in any more, because Permafrost was started again. Open the new link it printed.'}
    </div>
  );
}

function Notices() {
  const [notices, dismiss] = useNotices();
  return notices.map((notice) => (
    <div className="notice" key={notice.id}>
      <Trouble failure={notice.failure}>
        <Button onPress={() => dismiss(notice)}>Dismiss</Button>
      </Trouble>
    </div>
  ));
}
