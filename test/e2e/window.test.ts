/** The whole way through the real window, server, engine and practice vault: from the first start to files that are back. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/main/engine/engine.ts';
import type { Engine } from '../../src/main/engine/engine.ts';
import { startServe } from '../../src/main/serve/server.ts';
import type { Serving } from '../../src/main/serve/server.ts';
import { axeComplaints, openBrowser, openPage } from './browser.ts';
import type { Watched } from './browser.ts';

const PASSPHRASE = 'four words nobody guesses';

let folder: string;
let source: string;
let engine: Engine;
let serving: Serving;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-window-'));
  source = join(folder, 'Familie Müller');
  makeSource(source);
  await start();
  browser = await openBrowser();
  watched = await openPage(browser);
  page = watched.page;
});
afterAll(async () => {
  await browser.close();
  await serving.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** With PERMAFROST_SHOTS=<folder>, how each step ended is kept there as a picture, and what was seen on the way. */
afterEach(({ task }) => picture(task.name));

async function picture(of: string): Promise<void> {
  const shots = process.env['PERMAFROST_SHOTS'];
  if (shots === undefined) return;
  await page.screenshot({ path: join(shots, `${of.replaceAll(/[^a-z]+/gi, '-')}.png`) });
}

async function start(): Promise<void> {
  engine = await openEngine({ profile: join(folder, 'profile'), host: 'serve', resident: true });
  serving = await startServe({ door: engine });
}

function makeSource(root: string): void {
  mkdirSync(join(root, 'Fotos', '2019'), { recursive: true });
  mkdirSync(join(root, 'empty'));
  for (let i = 0; i < 40; i += 1)
    writeFileSync(join(root, 'Fotos', '2019', `IMG_${1000 + i}.jpg`), randomBytes(50_000));
  writeFileSync(join(root, 'big.bin'), randomBytes(3_000_000));
  writeFileSync(join(root, 'letter.txt'), 'Dear Ada,\n'.repeat(1000));
  writeFileSync(join(root, 'nothing'), '');
  writeFileSync(join(root, 'run.sh'), '#!/bin/sh\n');
  chmodSync(join(root, 'run.sh'), 0o755);
  symlinkSync('letter.txt', join(root, 'link'));
}

/** Every name under `root` with what is in it. */
function contentOf(root: string): Map<string, string> {
  const content = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length);
    const mode = (statSync(path).mode & 0o777).toString(8);
    if (entry.isFile())
      content.set(name, `${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`);
    else content.set(name, entry.isDirectory() ? `${mode} folder` : 'link');
  }
  return content;
}

/** The page is in order: nothing was logged, axe has nothing against it in light and dark. */
async function expectClean(): Promise<void> {
  expect(await axeComplaints(page)).toEqual([]);
  expect(watched.complaints).toEqual([]);
}

/** As a field for date and time takes it. */
function localTime(at: number): string {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}

const button = (name: string | RegExp) => page.getByRole('button', { name });

describe('the window', () => {
  it('asks for a passphrase first, twice', async () => {
    await page.goto(serving.url);
    expect(page.url()).toBe(`http://127.0.0.1:${serving.port}/`);
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
    await page.getByLabel('Passphrase again', { exact: true }).fill(`${PASSPHRASE.slice(0, -1)}z`);
    await page.getByText('The two are not the same yet.').waitFor();
    expect(await button('Set passphrase').isDisabled()).toBe(true);
    await page.getByLabel('Passphrase again', { exact: true }).fill(PASSPHRASE);
    await expectClean();
    await button('Set passphrase').click();
    await page.getByRole('heading', { name: 'Nothing is backed up yet.' }).waitFor();
  });

  it('says what a folder that is not there means, and loses nothing that was typed', async () => {
    await page.getByLabel('Folder', { exact: true }).first().fill(join(folder, 'nowhere'));
    await button('Save and back up').click();
    const trouble = page.getByRole('alert').first();
    await trouble.waitFor();
    expect(await trouble.textContent()).toContain('nowhere');
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('nowhere');
    await expectClean();
  });

  it('makes a plan on a practice vault and backs up', async () => {
    await page.getByRole('textbox', { name: 'Folder' }).first().fill(source);
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('Familie Müller');
    await button('Save and back up').click();
    await page
      .getByRole('heading', { name: /Everything in one folder went to a practice vault just now/ })
      .waitFor();
    await page.getByText('protects nothing').first().waitFor();
    await expectClean();
  });

  it('shows the plan with its snapshot and its run', async () => {
    await page.getByRole('button', { name: 'Familie Müller', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: 'Familie Müller' });
    await sheet.getByText('45 files').first().waitFor();
    await sheet.getByText('Done', { exact: true }).waitFor();
    await expectClean();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  it('changes when a plan runs, what it leaves out and how it is called', async () => {
    await page.getByRole('button', { name: 'Familie Müller', exact: true }).click();
    const sheet = page.getByRole('dialog', { name: 'Familie Müller', exact: true });
    await sheet.getByText(/Every day at 02:00; next/).waitFor();
    await sheet.getByRole('button', { name: 'Edit…' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit Familie Müller' });
    await edit.getByText('Every week', { exact: true }).click();
    await edit.getByText('Fri', { exact: true }).click();
    await edit.getByLabel('At', { exact: true }).fill('22:30');
    await edit.getByLabel('Leave out').fill('*.tmp\n\nCache/');
    await edit.getByRole('button', { name: 'See what that leaves out' }).click();
    await edit.getByText(/^Saved: /).waitFor();
    await edit.getByText('Fewer, the older they are').click();
    await edit.getByText('Keeps one a day for 7 days, one a week for 5 weeks').waitFor();
    await edit.getByText(/snapshot stay for now/).waitFor();
    await edit.getByRole('textbox', { name: 'Days' }).fill('14');
    await edit.getByRole('textbox', { name: 'Name' }).fill('Familie');
    await expectClean();
    await picture('sheet to edit a plan');
    await edit.getByRole('button', { name: 'Save' }).click();
    const renamed = page.getByRole('dialog', { name: 'Familie', exact: true });
    await renamed.getByText(/Every Friday at 22:30; next Friday at 22:30|next today at 22:30/).waitFor();
    await renamed.getByText('Cache/').waitFor();
    await expectClean();
    await renamed.getByRole('button', { name: 'Edit…' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Familie Müller');
    await page.getByRole('dialog', { name: 'Edit Familie' }).getByRole('button', { name: 'Save' }).click();
    await sheet.waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  it('has peace for a while, and goes on', async () => {
    await page.getByText('Plans run by themselves while Permafrost does.').waitFor();
    await button('When and how…').click();
    await page.getByText('Every day there are hours in which no plan begins').click();
    await expectClean();
    await picture('sheet to pause');
    await button('Save quiet hours').click();
    await page.getByText('none begins from 08:00 to 18:00').waitFor();
    await button('When and how…').click();
    await page.getByText('Not on battery').click();
    await page.getByRole('textbox', { name: 'Uploads take at most, in MB a second' }).fill('25');
    await button('Save conditions').click();
    await button('When and how…').click();
    const limit = page.getByRole('textbox', { name: 'Uploads take at most' });
    await expect.poll(() => limit.inputValue(), { timeout: 20_000 }).toBe('25');
    await button('Until I say so').click();
    await page.getByText('No plan runs by itself until you say so.').waitFor();
    await expectClean();
    await button('Run by themselves again').click();
    await page.getByText('none begins from 08:00 to 18:00').waitFor();
  });

  it('backs up again at once when nothing has changed', async () => {
    await page.getByRole('main').getByRole('button', { name: 'Back up now' }).first().click();
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByText('Nothing had changed').waitFor();
    await expectClean();
  });

  it('walks through a snapshot and shows its price before anything is ordered', async () => {
    await page.getByRole('link', { name: 'Restore' }).click();
    await button(source).click();
    await button('Fotos').click();
    await button('2019').click();
    await page.getByText('IMG_1000.jpg').waitFor();
    await expectClean();
    await page.getByRole('searchbox').fill('LETTER');
    await page.getByText('in the newest snapshot').waitFor();
    await expectClean();
    await page.getByRole('searchbox').fill('');
    await button('Get everything back…').click();
    await page.getByText('3 to 5 hours').waitFor();
    await page.getByText(/nothing; at a real vault/).waitFor();
    await page.getByText('How the price is made up').click();
    await expectClean();
    const soon = page.getByRole('slider', { name: 'How soon' });
    await soon.focus();
    await page.keyboard.press('End');
    await page.getByText('1 to 5 minutes').waitFor();
    await page.keyboard.press('Home');
    await page.getByText('5 to 12 hours').waitFor();
    await page.getByText('Needed by a certain time').click();
    await page.getByLabel('Ready by').fill(localTime(Date.now() + 5.5 * 3_600_000));
    await page.getByText('3 to 5 hours').waitFor();
    await expectClean();
  });

  it('orders everything back and follows the order until the files are there', async () => {
    await page.getByLabel('Put it into').fill(join(folder, 'back'));
    await page.getByRole('button', { name: 'Get back', exact: true }).click();
    const order = page.getByRole('listitem').filter({ hasText: 'ordered just now' });
    await order.waitFor();
    await order.locator('[aria-current=step]', { hasText: 'Thawing' }).waitFor();
    await expectClean();
    await button('Details').click();
    await page
      .getByText(/44 files, .* thawing/)
      .first()
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Familie Müller', exact: true }).click();
    await button('Fotos first').click();
    await page.getByText('Its archives come before all others now.').waitFor();
    await expectClean();
    await page.keyboard.press('Escape');
    await button('Let 5 hours pass').click();
    await page.getByText('and every byte was checked').waitFor();
    await expectClean();
    expect(contentOf(join(folder, 'back', 'Familie Müller'))).toEqual(contentOf(source));
  });

  it('puts the files back where they were, and asks about what stands there', async () => {
    const before = contentOf(source);
    writeFileSync(join(source, 'letter.txt'), 'Dear Bob,');
    rmSync(join(source, 'Fotos'), { recursive: true });
    await button('Put back where it was…').click();
    const sheet = page.getByRole('dialog', { name: 'Put back where it was' });
    await sheet.getByText('40 files, 2.00 MB, into 2 new folders').waitFor();
    await sheet.getByText('What is in the way').click();
    await sheet.getByText('another file', { exact: true }).waitFor();
    await sheet.getByText('Replace', { exact: true }).click();
    await expectClean();
    await picture('sheet to put back');
    await sheet.getByRole('button', { name: 'Put back', exact: true }).click();
    await page.getByText('41 files (2.01 MB) moved back to where they were.').waitFor();
    await page.getByText('What was replaced is in').waitFor();
    await expectClean();
    expect(contentOf(source)).toEqual(before);
  });

  it('lists the vault with what it holds', async () => {
    await page.getByRole('link', { name: 'Vaults' }).click();
    await page.getByText('Used by Familie Müller').waitFor();
    await expectClean();
    await button('Add a vault').click();
    await page.getByText('Amazon Glacier vault').click();
    await expectClean();
    await page.keyboard.press('Escape');
  });

  it('says what months cost, keeps to a budget, and has everything that was done', async () => {
    await page.getByRole('link', { name: 'Costs' }).click();
    await page
      .getByText('Nothing here costs money.')
      .or(page.getByText(/so far, and about/))
      .waitFor();
    await page.getByText('Practice: as if it were real, and left out of the sums').waitFor();
    await button('Set a budget…').click();
    await page.getByRole('textbox', { name: 'US dollars a month' }).fill('2.50');
    await expectClean();
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await picture('costs');
    await page.getByText('At $2.50 a month nothing goes on by itself.').waitFor();
    await expectClean();
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('textbox', { name: 'Look for' }).fill('müller');
    await page.getByText('Backup · Familie Müller: done').first().waitFor();
    await page.getByText('Restore · Familie Müller: done').waitFor();
    await expectClean();
    await page.getByRole('textbox', { name: 'Look for' }).fill('nobody has called anything this');
    await page.getByText('Nothing was found.').waitFor();
  });

  it('shows the same after a reload', async () => {
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.reload();
    await page.getByText('and every byte was checked').waitFor();
    await page.getByText('Nothing had changed').waitFor();
  });

  it('can be used by keyboard alone', async () => {
    await page.getByRole('link', { name: 'Home' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Familie Müller' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Familie Müller');
  });
});

describe('when Permafrost ends and starts again', () => {
  it('the window says calmly that it is gone, and keeps what it showed', async () => {
    await serving.close();
    await engine.close();
    await page.getByText('Permafrost is not answering.').first().waitFor();
    await page.getByRole('button', { name: 'Familie Müller', exact: true }).waitFor();
  });

  it('an old window asks for the new link, which asks for the passphrase', async () => {
    const { port } = serving;
    engine = await openEngine({ profile: join(folder, 'profile'), host: 'serve', resident: true });
    serving = await startServe({ door: engine, port });
    await page.getByText('Open the new link it printed').waitFor();
    await page.goto(serving.url);
    await page.getByRole('heading', { name: 'Permafrost is locked.' }).waitFor();
    watched = await openPage(browser);
    await page.getByLabel('Passphrase', { exact: true }).fill('not this one');
    await button('Unlock').click();
    await page.getByRole('alert').waitFor();
    expect(await axeComplaints(page)).toEqual([]);
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
    await button('Unlock').click();
    await page.getByRole('heading', { name: /Everything in one folder/ }).waitFor();
  });
});
