import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSystemSync } from '../../../../../src/main/engine/restore/writing/fileSystemSync.ts';
import { tempFolder } from '../../pack/samplePack.ts';

describe.runIf(process.platform === 'linux')('a whole file system', () => {
  let dir: string;
  let folder: number;
  let fileSystem: FileSystemSync;

  beforeEach(() => {
    dir = tempFolder();
    folder = openSync(dir, 'r');
    fileSystem = new FileSystemSync(folder);
  });

  afterEach(() => {
    fileSystem.close();
    closeSync(folder);
  });

  it('is brought to disk again and again, also for several who ask at once', async () => {
    writeFileSync(join(dir, 'new'), 'words');
    expect(await fileSystem.sync()).toBe(true);
    expect(await Promise.all([fileSystem.sync(), fileSystem.sync(), fileSystem.sync()])).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is brought to disk after it was let go of and taken again', async () => {
    expect(await fileSystem.sync()).toBe(true);
    fileSystem.close();
    expect(await fileSystem.sync()).toBe(true);
  });

  it('is not said to be on disk where folders cannot be opened', async () => {
    const without = new FileSystemSync(undefined);
    expect(await without.sync()).toBe(false);
    without.close();
  });

  it('answers whoever waits when it is let go of', async () => {
    const asked = fileSystem.sync();
    fileSystem.close();
    expect(typeof (await asked)).toBe('boolean');
  });
});
