/** A child process of tests, bundled as the engine ships: hundreds of them start several times as fast as from sources. */
import { rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '../../../..');

/** Native packages, and what insists on being a file of its own. */
const outside = new Set(['sqlite3', 'keytar', 'write-file-atomic']);

const made = new Map<string, Promise<string>>();

/** The same once for each script of a test process, whose end takes the bundle away. */
export function bundledChild(script: string): Promise<string> {
  let bundle = made.get(script);
  if (bundle === undefined) {
    const folder = join(root, `node_modules/.cache/permafrost-child-${process.pid}-${made.size}`);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    bundle = bundleChild(script, folder);
    made.set(script, bundle);
  }
  return bundle;
}

/** @param folder inside the project, where its packages are found. Resolves to the script's path */
export async function bundleChild(script: string, folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    root,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node22',
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: {
          child: script,
          packingWorker: join(root, 'src/main/engine/backup/packingWorker.ts'),
          writingWorker: join(root, 'src/main/engine/restore/writing/writingWorker.ts'),
          argon2Worker: join(root, 'src/main/engine/keys/argon2Worker.ts'),
        },
        external: (id) => outside.has(id) || isBuiltin(id),
        output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  return join(folder, 'child.js');
}
