import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { openDoor } from './door.ts';
import { EngineProvider } from './engine.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/pieces.css';
import './styles/pages.css';

const root = document.getElementById('root');
if (root === null) throw new RangeError('the page has no root');
createRoot(root).render(
  <StrictMode>
    <EngineProvider door={openDoor()}>
      <App />
    </EngineProvider>
  </StrictMode>,
);
