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

test('what became of an environment, and the audit log', async ({ member, noise }) => {
  const bea = await member('bea');
  const address = await launch(bea, 'Web', 'with-a-past');
  await bea.getByRole('button', words.environment.stop).click();
  await expect(state(bea, words.environment.stopped)).toBeVisible();
  await remove(bea);
  await bea.goto(address);
  await bea.getByRole('link', words.history.tab).click();
  await bea.waitForURL(/\/history$/);
  await expect(bea.getByRole('heading', words.history.ended)).toBeVisible();
  await expect(bea.getByText(words.history.exit)).toBeVisible();
  await look(bea, 'history');

  noise.announce(/403/);
  expect((await bea.goto('/audit'))?.status()).toBe(403);
  const lena = await member('lena');
  await lena.getByRole('navigation', words.navigation.region).getByRole('link', words.audit.link).click();
  await expect(lena.getByRole('heading', words.audit.heading)).toBeVisible();
  await lena.getByRole('searchbox', words.audit.person).fill('bea');
  await lena.getByRole('combobox', words.audit.action).selectOption('remove');
  await lena.getByRole('button', words.audit.filter).click();
  await expect(lena.getByRole('row').filter({ hasText: 'with-a-past' })).toHaveCount(1);
  await look(lena, 'audit');
  const csv = await lena.request.get((await lena.getByRole('link', words.audit.export).getAttribute('href')) ?? '');
  expect(await csv.text()).toContain('with-a-past');

  const ada = await member('ada');
  await ada.goto('/audit');
  await expect(ada.getByRole('row').filter({ hasText: 'Sign-in' }).first()).toBeVisible();
  await look(ada, 'audit-everything');
  await ada.goto('/audit?q=nothing-like-it');
  await expect(ada.getByText(words.audit.nothing)).toBeVisible();
});

test('the requests, before there are any', async ({ member }) => {
  const bea = await member('bea');
  await bea.getByRole('link', words.navigation.requests).click();
  await expect(bea.getByRole('heading', words.requests.heading)).toBeVisible();
  await look(bea, 'requests');
});

test('what admins look after', async ({ member }) => {
  test.slow();
  const ada = await member('ada');
  for (const path of ['/teams', '/teams/blue', '/templates', '/templates/web', '/sizes', '/people', '/settings', '/hosts', '/activities']) {
    await ada.goto(path);
    await expect(ada.getByRole('heading', { level: 1 })).toBeVisible();
    await look(ada, `admin${path.replaceAll('/', '-')}`);
  }
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

test('on a phone an admin sees among the many pages which one it is', async ({ member }) => {
  const ada = await member('ada', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const rail = ada.getByRole('navigation', words.navigation.region);
  await expect(rail.getByRole('link', words.audit.link)).not.toBeInViewport();
  await ada.goto('/audit');
  await expect(rail.getByRole('link', words.audit.link)).toBeInViewport({ ratio: 1 });
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
  await expect(state(bea, words.environment.running)).toBeVisible({ timeout: 60_000 });
  await remove(bea);

  async function tabTo(wanted: ReturnType<typeof bea.getByLabel>) {
    for (let presses = 0; presses < 60; presses += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      await bea.keyboard.press('Tab');
    }
    throw new Error('the keyboard does not get there');
  }
});
