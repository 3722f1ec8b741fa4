/**
 * Builds what ships into dist/, flat, because a worker is found beside the chunk that starts it:
 *
 *   permafrost.js     the command line's launcher        engineProcess.js  the engine in the desktop's own process
 *   cli.js            the command line                   preload.cjs       the one script between window and desktop
 *   desktop.js        the Electron host                  renderer/         the window
 *   packingWorker.js, writingWorker.js, argon2Worker.js  the engine's worker threads
 */
import { chmod, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, type InlineConfig } from 'vite';

const root = import.meta.dirname;
const dist = join(root, 'dist');

const nodeEntries = {
  permafrost: 'src/main/cli/permafrost.ts',
  cli: 'src/main/cli/main.ts',
  packingWorker: 'src/main/engine/backup/packingWorker.ts',
  writingWorker: 'src/main/engine/restore/writing/writingWorker.ts',
  argon2Worker: 'src/main/engine/keys/argon2Worker.ts',
  desktop: 'src/main/desktop/main.ts',
  engineProcess: 'src/main/desktop/engineProcess.ts',
};
const preloadEntry = 'src/main/desktop/preload.ts';
const windowEntry = 'src/renderer/index.html';

const common: InlineConfig = { configFile: false, logLevel: 'warn' };

/**
 * What is not bundled: native packages, one that insists on being a file of its own, one that reads fonts beside itself, and electron, which only the
 * desktop has. All else is: a few files load sooner than hundreds, and nothing is loaded that nobody calls.
 */
const outside = new Set(['electron', 'sqlite3', 'keytar', 'pdfkit', 'write-file-atomic']);

function staysOutside(id: string): boolean {
  return outside.has(id) || isBuiltin(id);
}

function buildNodeSide(): Promise<unknown> {
  return build({
    ...common,
    root,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node22',
      outDir: dist,
      emptyOutDir: false,
      minify: false,
      copyPublicDir: false,
      rolldownOptions: {
        input: entriesOf(nodeEntries),
        external: staysOutside,
        output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

function buildPreload(): Promise<unknown> {
  return build({
    ...common,
    root,
    build: {
      ssr: true,
      target: 'node22',
      outDir: dist,
      emptyOutDir: false,
      minify: false,
      copyPublicDir: false,
      rolldownOptions: {
        input: entriesOf({ preload: preloadEntry }),
        external: ['electron'],
        // A sandboxed preload cannot import: it is one CommonJS file.
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  });
}

function buildWindow(): Promise<unknown> {
  return build({
    ...common,
    root: join(root, 'src/renderer'),
    base: '/',
    plugins: [react()],
    build: {
      target: 'chrome120',
      outDir: join(dist, 'renderer'),
      emptyOutDir: false,
      // The policy of the window allows data: for images only; small files stay files.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
}

function entriesOf(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]));
}

const missing = [...Object.values(nodeEntries), preloadEntry, windowEntry].filter(
  (path) => !existsSync(join(root, path)),
);
if (missing.length > 0) {
  console.error(`Cannot build: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`);
  process.exit(1);
}
const startedAt = performance.now();
await rm(dist, { recursive: true, force: true });
await Promise.all([buildNodeSide(), buildPreload(), buildWindow()]);
await chmod(join(dist, 'permafrost.js'), 0o755);
console.log(`Built dist/ in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
