// Every page on a desk and on a phone, in light and in dark, and a launch by keyboard alone.
import { expect, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { launch, remove, state } from '../support/pages.ts';
import { words } from '../words.ts';

test('the sign-in page', async ({ visitor }) => {
  const page = await visitor();
  await page.goto('/sign-in');
  await expect(page.getByRole('heading', words.signIn.heading)).toBeVisible();
  await look(page, 'sign-in');
});

test('the empty list and the launch page', async ({ member }) => {
  const bea = await member('bea');
  await look(bea, 'environments-empty');
  await bea.goto('/launch');
  await expect(bea.getByRole('heading', words.launch.heading)).toBeVisible();
  await look(bea, 'launch');
});

test('the requests, before there are any', async ({ member }) => {
  const bea = await member('bea');
  await bea.getByRole('link', words.navigation.requests).click();
  await expect(bea.getByRole('heading', words.requests.heading)).toBeVisible();
  await look(bea, 'requests');
});

test('a page that is not there', async ({ member, noise }) => {
  noise.announce(/404/);
  const bea = await member('bea');
  expect((await bea.goto('/no-such-page'))?.status()).toBe(404);
  await expect(bea.getByRole('heading', words.notFound)).toBeVisible();
});

test('a launch on a phone', async ({ member }) => {
  const bea = await member('bea', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await launch(bea, 'Web', 'from-a-phone');
  await remove(bea);
});

test('a launch by keyboard alone', async ({ member }) => {
  const bea = await member('bea');
  await bea.goto('/launch');
  const name = bea.getByLabel(words.launch.name);
  await tabTo(bea.getByRole('radio', words.launch.template('Web')));
  await bea.keyboard.press('Space');
  await tabTo(name);
  await bea.keyboard.type('by-keyboard');
  await bea.keyboard.press('Enter');
  await bea.waitForURL(/\/environments\/[0-9a-f-]{36}$/);
  await expect(state(bea, words.environment.running)).toBeVisible({ timeout: 30_000 });
  await remove(bea);

  async function tabTo(wanted: ReturnType<typeof bea.getByLabel>) {
    for (let presses = 0; presses < 60; presses += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      await bea.keyboard.press('Tab');
    }
    throw new Error('the keyboard does not get there');
  }
});
