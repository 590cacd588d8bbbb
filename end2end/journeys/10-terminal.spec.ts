// A shell in an environment: typed into, resized, found again after a reload, left by keyboard, and ended.
import { expect, type Locator, type Page } from '@playwright/test';
import { test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { launch, remove, state } from '../support/pages.ts';
import { words } from '../words.ts';

test('a member works in a shell, finds it again after a reload, and reads why it ended', async ({ member }) => {
  const bea = await member('bea');
  const address = await launch(bea, 'Workbench', 'shell');
  await bea.getByRole('link', words.terminal.tab).click();
  await connected(bea);
  await type(bea, 'echo $BERTH_TEAM-$((40+2))');
  await expect(screen(bea)).toContainText('blue-42');
  await look(bea, 'terminal');

  await bea.setViewportSize({ width: 1000, height: 600 });
  await expect(async () => {
    const rows = await screen(bea).locator('> div').count();
    await type(bea, 'echo "size $(stty size)"');
    await expect(screen(bea)).toContainText(new RegExp(`size ${rows} \\d+`), { timeout: 3_000 });
  }).toPass();

  await type(bea, 'kept=still; clear; echo before-the-reload');
  await expect(screen(bea)).toContainText(/before-the-reload.*\$\s*$/);
  await bea.reload();
  await connected(bea);
  await expect(screen(bea)).toContainText('before-the-reload');
  await type(bea, 'echo $kept-here');
  await expect(screen(bea)).toContainText('still-here');

  await type(bea, 'exit');
  await expect(bea.getByRole('status').filter({ hasText: words.terminal.ended })).toBeVisible();
  await look(bea, 'terminal-ended');
  await bea.keyboard.press('Enter');
  await connected(bea);
  await type(bea, 'echo "is $kept."');
  await expect(screen(bea)).toContainText('is .');

  await bea.goto(address);
  await remove(bea);
});

test('the keyboard comes out of the terminal, and back', async ({ member }) => {
  const bea = await member('bea');
  const address = await launch(bea, 'Workbench', 'way-out');
  await bea.goto(`${address}/terminal`);
  await connected(bea);
  await bea.keyboard.press('F6');
  await expect(bea.getByRole('group', words.terminal.about)).toBeFocused();
  await bea.keyboard.press('Tab');
  await expect(bea.getByRole('checkbox', words.terminal.screenReader)).toBeFocused();
  await bea.keyboard.press('F6');
  await expect(input(bea)).toBeFocused();
  await bea.keyboard.press('F6');
  await bea.keyboard.press('Shift+Tab');
  await expect(input(bea)).toBeFocused();
  await bea.goto(address);
  await remove(bea);
});

test('on a phone there are the keys that its keyboard lacks', async ({ member }) => {
  const bea = await member('bea', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const address = await launch(bea, 'Workbench', 'on-a-phone');
  await bea.goto(`${address}/terminal`);
  await connected(bea);
  await type(bea, 'sleep 1000');
  await bea.getByRole('button', words.terminal.control).tap();
  await bea.keyboard.type('c');
  await type(bea, 'echo tapped-$((40+2))');
  await expect(screen(bea)).toContainText('tapped-42');
  await type(bea, 'clear');
  await expect(screen(bea)).not.toContainText('tapped');
  await bea.getByRole('button', words.terminal.up).tap();
  await bea.getByRole('button', words.terminal.up).tap();
  await expect(screen(bea)).toContainText('echo tapped');
  await look(bea, 'terminal-touch');
  await bea.goto(address);
  await remove(bea);
});

test('what does not run has no terminal and says so, and what another team has is not there', async ({ member, noise }) => {
  noise.announce(/404/);
  const bea = await member('bea');
  const address = await launch(bea, 'Workbench', 'at-rest');
  const gus = await member('gus');
  expect((await gus.goto(`${address}/terminal`))?.status()).toBe(404);
  await expect(gus.getByRole('heading', words.notFound)).toBeVisible();

  await bea.getByRole('button', words.environment.stop).click();
  await expect(state(bea, words.environment.stopped)).toBeVisible();
  await bea.getByRole('link', words.terminal.tab).click();
  await expect(bea.getByRole('heading', words.terminal.none)).toBeVisible();
  await expect(bea.getByText(words.terminal.doesNotRun)).toBeVisible();
  await look(bea, 'terminal-none');
  await bea.getByRole('link', words.terminal.start).click();
  await expect(bea.getByRole('button', words.environment.start)).toBeEnabled();
  await remove(bea);
});

/** A terminal is behind the page, and what is typed goes there. */
async function connected(page: Page): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: words.terminal.connected })).toBeVisible();
  await expect(input(page)).toBeFocused();
}

async function type(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** What stands on the screen, a row each. */
function screen(page: Page): Locator {
  return page.locator('.xterm-rows');
}

/** Where the keyboard is while one types. */
function input(page: Page): Locator {
  return page.getByRole('region', words.terminal.region).getByRole('textbox');
}
