import type { TargetTraits } from './target.ts';

const MIB = 1024 * 1024;

/** What every vault is like. Apart from vault.ts, which loads the AWS SDK. */
export const vaultTraits: TargetTraits = {
  kind: 'vault',
  rangedRetrieval: true,
  instantRead: false,
  packBytes: 256 * MIB,
  // Each part is a paid request, which asks for large ones; a part must arrive within the five minutes that its
  // signature lasts and is sent again whole when the line breaks, which asks for small ones: this needs 56 kB/s.
  partBytes: 16 * MIB,
  // Each holds its bytes in memory: two keep a line busy while one of them waits for its answer.
  partsInFlight: 2,
  pollCapMs: 15 * 60_000,
  wantsSha256: true,
};
