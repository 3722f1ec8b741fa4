import { expect, it } from 'vitest';
import { suggestFolder } from '../../../src/renderer/restore/suggestFolder.ts';

const at = new Date(2026, 2, 5, 9, 0).getTime();

it.each([
  [['/home/ada/Pictures', '/srv'], '/home/ada/Pictures of 2026-03-05'],
  [['/home/ada/Pictures/'], '/home/ada/Pictures of 2026-03-05'],
  [['C:\\Users\\Ada\\'], 'C:\\Users\\Ada of 2026-03-05'],
  [['/'], ''],
  [[], ''],
])('beside %j is "%s"', (sources, folder) => {
  expect(suggestFolder(sources, at)).toBe(folder);
});
