// Signing in through the provider, being let in or not, and signing out for good.
import { expect, signIn, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { signOut } from '../support/pages.ts';
import { words } from '../words.ts';

test('a stranger is asked to sign in, and then gets the page they came for', async ({ visitor }) => {
  const page = await visitor();
  await page.goto('/launch');
  await expect(page.getByRole('heading', words.signIn.heading)).toBeVisible();

  await signIn(page, 'bea');

  await expect(page.getByRole('heading', words.launch.heading)).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/launch');
});

test('a member sees the environments of their team', async ({ member }) => {
  const bea = await member('bea');
  await expect(bea.getByRole('main')).toContainText(words.environments.empty);
  await expect(bea.getByRole('navigation', words.navigation.region)).toBeVisible();
  await expect(bea.getByText(words.host.live)).toBeVisible();
});

test('somebody whom no rule admits is told so, and has no session', async ({ visitor, noise }) => {
  noise.announce(/403/);
  const page = await visitor();
  await page.goto('/');
  await signIn(page, 'nobody-known');

  await expect(page.getByText(words.signIn.noRule)).toBeVisible();
  await expect(page.getByText(words.signIn.cameAs)).toBeVisible();
  await expect(page.getByRole('link', words.signIn.other)).toHaveAttribute('href', /account=other/);
  await look(page, 'not-admitted');
  await page.goto('/');
  await expect(page.getByRole('heading', words.signIn.heading)).toBeVisible();
});

test('signing out ends the session here and at the provider, and the back button shows nothing', async ({ member, noise }) => {
  noise.announce(/401/);
  const bea = await member('bea');
  const cookies = await bea.context().cookies();

  await signOut(bea);
  await bea.getByRole('button', words.provider.signOut).click();
  await expect(bea.getByRole('heading', words.signIn.heading)).toBeVisible();

  await bea.goBack();
  await bea.reload();
  await expect(bea.getByRole('heading', words.environments.heading)).toBeHidden();

  // Not even for somebody who kept the cookie.
  await bea.context().addCookies(cookies);
  await bea.goto('/');
  await expect(bea.getByRole('heading', words.signIn.heading)).toBeVisible();
});

test('the provider asks again after a sign-out', async ({ member }) => {
  const bea = await member('bea');
  await signOut(bea);
  await bea.getByRole('button', words.provider.signOut).click();
  await signIn(bea, 'gus');
  await expect(bea.getByRole('heading', words.environments.heading)).toBeVisible();
});
