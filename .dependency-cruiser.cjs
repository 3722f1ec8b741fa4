/** A package and the only folder that may import it: swapping the package is then a local change. */
const homes = [
  ['electron', '^src/main/desktop/'],
  ['sqlite3', '^src/main/engine/catalog/'],
  ['@aws-sdk/', '^src/main/engine/target/'],
  ['@smithy/', '^src/main/engine/target/'],
  ['hash-wasm', '^src/main/engine/keys/'],
  ['pdfkit', '^src/main/engine/keys/'],
  ['(@github/)?keytar', '^src/main/engine/keys/'],
  ['ignore', '^src/main/engine/scan/'],
  ['chokidar', '^src/main/engine/watch/'],
  ['commander', '^src/main/cli/'],
  ['react|react-dom|react-aria-components|@tanstack/', '^src/renderer/'],
];

/** Forbids imports from files under `from` to files under `to`. */
const border = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    border('no-cycles', 'A cycle hides which of two modules is the lower one.', {}, { circular: true }),
    border(
      'shared-knows-nobody',
      'The contract must load in every process.',
      { path: '^src/shared/' },
      { path: '^(src/main|src/renderer)/' },
    ),
    border(
      'renderer-talks-contract',
      'The window reaches the engine only through src/shared/contract.ts.',
      { path: '^src/renderer/' },
      { path: '^src/main/' },
    ),
    border(
      'no-node-in-window',
      'Renderer, preload and shared code run where there is no Node.',
      { path: '^(src/renderer|src/shared)/' },
      { dependencyTypes: ['core'] },
    ),
    border(
      'engine-knows-no-host',
      'The engine runs in any host; hosts pass in what it needs.',
      { path: '^src/main/engine/' },
      { path: '^src/main/(desktop|serve|cli)/' },
    ),
    border(
      'engine-reaches-simulator-in-one-place',
      'Practice vaults are started in one file; nothing else may know that the service is a double.',
      { path: '^src/main/', pathNot: '^src/main/(simulator/|engine/practiceVaults\\.ts$|cli/)' },
      { path: '^src/main/simulator/' },
    ),
    border(
      'simulator-knows-nobody',
      'A double that shares code with what it tests would share its mistakes.',
      { path: '^src/main/simulator/' },
      { path: '^src/(main/(engine|desktop|serve|cli)|shared|renderer)/' },
    ),
    border(
      'hosts-stay-apart',
      'A host adds only what its own world needs.',
      { path: '^src/main/(desktop|serve|cli)/' },
      { path: '^src/main/(desktop|serve|cli)/', pathNot: ['^src/main/$1/', '^src/main/serve/server\\.ts$'] },
    ),
    border(
      'hosts-know-only-engine-ts',
      'Hosts use the engine through engine.ts and the contract.',
      { path: '^src/main/(desktop|serve|cli)/' },
      { path: '^src/main/engine/', pathNot: '^src/main/engine/engine\\.ts$' },
    ),
    ...homes.map(([name, home]) =>
      border(
        `home-of-${name}`,
        `Only ${home} imports it.`,
        { path: '^src/', pathNot: home },
        { path: `node_modules/(${name})` + (name.endsWith('/') ? '' : '/') },
      ),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'] },
  },
};
