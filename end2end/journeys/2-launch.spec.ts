// A launch from the card to the page that the container serves, and what can be done with it afterwards.
import { expect, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { launch, remove, row, state } from '../support/pages.ts';
import { words } from '../words.ts';

test('a member launches a template, opens its port, and reads their team there', async ({ member }) => {
  const bea = await member('bea');
  await launch(bea, 'Web', 'checkout', { Greeting: 'Ahoy & <welcome>', Branch: 'main' });
  await look(bea, 'environment-running');

  const opened = bea.waitForEvent('popup', { timeout: 2_000 }).catch(() => bea);
  await bea.getByRole('link', words.environment.port('http')).click();
  const web = await opened;
  await expect(web.getByRole('heading', { name: 'Ahoy & <welcome>' })).toBeVisible();
  await expect(web.getByText('blue', { exact: true })).toBeVisible();
  await expect(web.getByText('checkout')).toBeVisible();
  if (web === bea) await bea.goBack();
  else await web.close();

  const metrics = await bea.getByRole('link', words.environment.port('metrics')).getAttribute('href');
  const answer = await bea.request.get(new URL('/metrics', metrics ?? '').href);
  expect(await answer.text()).toContain('web_up 1');

  await remove(bea);
  await expect(row(bea, 'checkout')).toHaveCount(0);
});

test('an environment stops, starts again, restarts, is extended and removed', async ({ member }) => {
  const bea = await member('bea');
  await launch(bea, 'Web', 'lifecycle');

  await bea.getByRole('button', words.environment.stop).click();
  await expect(state(bea, words.environment.stopped)).toBeVisible();
  await expect(bea.getByRole('button', words.environment.stop)).toBeDisabled();
  await look(bea, 'environment-stopped');

  await bea.getByRole('button', words.environment.start).click();
  await expect(state(bea, words.environment.running)).toBeVisible();
  const href = await bea.getByRole('link', words.environment.port('http')).getAttribute('href');
  expect((await bea.request.get(href ?? '')).status()).toBe(200);

  await bea.getByRole('button', words.environment.restart).click();
  await expect(state(bea, words.environment.running)).toBeVisible();
  await bea.getByRole('button', words.environment.extend).click();
  await expect(bea.getByText(words.environment.expires)).toBeVisible();

  await remove(bea);
  await expect(row(bea, 'lifecycle')).toHaveCount(0);
});

test('what happens in one tab shows in the other', async ({ member }) => {
  const bea = await member('bea');
  const list = await bea.context().newPage();
  await list.goto('/');
  await expect(list.getByRole('heading', words.environments.heading)).toBeVisible();

  await launch(bea, 'Web', 'two-tabs');
  await expect(row(list, 'two-tabs').getByText(words.environment.running)).toBeVisible();
  await look(list, 'environments-one');
  await bea.getByRole('button', words.environment.stop).click();
  await expect(row(list, 'two-tabs').getByText(words.environment.stopped)).toBeVisible();

  await remove(bea);
  await expect(row(list, 'two-tabs')).toHaveCount(0);
});

test('a double click launches once', async ({ member }) => {
  const bea = await member('bea');
  await bea.goto('/launch');
  await bea.getByRole('radio', words.launch.template('Web')).check({ force: true });
  await bea.getByLabel(words.launch.name).fill('clicked-twice');
  await bea.getByRole('button', words.launch.submit).dblclick();
  await bea.waitForURL(/\/environments\/[0-9a-f-]{36}$/);
  await expect(state(bea, words.environment.running)).toBeVisible({ timeout: 60_000 });

  await bea.goto('/');
  await expect(row(bea, 'clicked-twice')).toHaveCount(1);
  await row(bea, 'clicked-twice').getByRole('link', { name: 'clicked-twice', exact: true }).click();
  await remove(bea);
});

test('without scripts, too, one signs in, launches and reads the page of the environment', async ({ member, visitor, noise }) => {
  // The browser itself keeps the scripts off.
  noise.announce(/^csp GET .*\/berth\.js/, /preloaded using link preload/);
  const plain = await visitor({ javaScriptEnabled: false });
  await plain.goto('/');
  await plain.getByRole('link', words.signIn.button).or(plain.getByRole('button', words.signIn.button)).click();
  await plain.getByRole('textbox', words.provider.username).fill('bea');
  await plain.getByRole('button', words.provider.proceed).click();
  await plain.goto('/launch');
  await plain.getByRole('radio', words.launch.template('Web')).check({ force: true });
  await plain.getByLabel(words.launch.name).fill('plain');
  await plain.getByRole('button', words.launch.submit).click();
  await plain.waitForURL(/\/environments\/[0-9a-f-]{36}$/);
  await expect(plain.getByRole('heading', { name: 'plain', level: 1 })).toBeVisible();

  const bea = await member('bea');
  await bea.goto(plain.url());
  await expect(state(bea, words.environment.running)).toBeVisible({ timeout: 60_000 });
  await remove(bea);
});
