// Several teams on one host: each sees its own, within its quota.
import { expect, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { askForLaunch, launch, remove, row, state } from '../support/pages.ts';
import { words } from '../words.ts';

test("another team neither sees an environment nor reaches it by a guessed address", async ({ member, noise }) => {
  noise.announce(/404/);
  const bea = await member('bea');
  const address = await launch(bea, 'Web', 'blues-own');

  const gus = await member('gus');
  await expect(row(gus, 'blues-own')).toHaveCount(0);
  const answer = await gus.goto(address);
  expect(answer?.status()).toBe(404);
  await expect(gus.getByRole('heading', words.notFound)).toBeVisible();
  await expect(gus.getByText('blues-own')).toHaveCount(0);
  await look(gus, 'not-found');

  await remove(bea);
});

test('a lead of the team sees it, and an admin does', async ({ member }) => {
  const bea = await member('bea');
  await launch(bea, 'Web', 'seen-above');
  for (const person of ['lena', 'ada'] as const) {
    const above = await member(person);
    await expect(row(above, 'seen-above')).toBeVisible();
    await above.context().close();
  }
  await remove(bea);
});

test('the quota refuses the launch that is one too many, with the numbers', async ({ member, noise }) => {
  noise.announce(/409/);
  const bea = await member('bea');
  const first = await launch(bea, 'Web', 'first');
  const second = await launch(bea, 'Web', 'second');

  await askForLaunch(bea, 'Web', { [words.launch.name]: 'third', Greeting: 'still here' });
  await expect(bea.getByText(words.launch.overQuota(2, 2))).toBeVisible();
  await expect(bea.getByLabel('Greeting')).toHaveValue('still here');
  await look(bea, 'launch-over-quota');

  for (const address of [first, second]) {
    await bea.goto(address);
    await remove(bea);
  }
  await launch(bea, 'Web', 'third');
  await remove(bea);
});

test('what the quota refuses is asked for, lent by an admin, and launched', async ({ member, noise }) => {
  noise.announce(/409/);
  const bea = await member('bea');
  const first = await launch(bea, 'Web', 'first');
  const second = await launch(bea, 'Web', 'second');
  await askForLaunch(bea, 'Web', { [words.launch.name]: 'third' });
  await bea.getByRole('link', words.requests.askForMore).click();
  await expect(bea.getByRole('heading', words.requests.heading)).toBeVisible();
  await expect(bea.getByLabel(words.requests.environments)).toHaveValue('1');
  await expect(bea.getByLabel(words.requests.running)).toHaveValue('1');
  await look(bea, 'requests-ask');
  await bea.getByLabel(words.requests.reason).fill('Two branches side by side for the demo on Friday');
  await bea.getByRole('button', words.requests.ask).click();
  await expect(bea.getByRole('heading', words.requests.waiting)).toBeVisible();

  const lena = await member('lena');
  // It is beyond what a lead can lend: nothing waits for her.
  await lena.getByRole('link', words.requests.count(0)).click();
  await expect(lena.getByText('Bea Blue asks for')).toBeVisible();
  await expect(lena.getByRole('button', words.requests.approve)).toHaveCount(0);

  const ada = await member('ada');
  await expect(ada.getByRole('link', words.requests.count(1))).toBeVisible();
  await ada.getByRole('link', words.navigation.requests).click();
  await look(ada, 'requests-decide');
  await ada.getByRole('button', words.requests.decline).click();
  await expect(ada.getByText(words.requests.needsWord)).toBeVisible();
  await ada.getByLabel(words.requests.word).fill('Until Friday, then it is over.');
  await ada.getByRole('button', words.requests.approve).click();
  await expect(ada.getByRole('heading', words.requests.lent)).toBeVisible();
  await expect(ada.getByRole('link', words.requests.count(0))).toBeVisible();

  await bea.reload();
  await expect(bea.getByText('Until Friday, then it is over.')).toBeVisible();
  await look(bea, 'requests-lent');
  const third = await launch(bea, 'Web', 'third');
  await bea.goto('/requests');
  await bea.getByRole('button', words.requests.end).click();
  await expect(bea.getByRole('heading', words.requests.lent)).toHaveCount(0);
  await bea.goto(third);
  await expect(state(bea, words.environment.running)).toBeVisible();
  for (const address of [first, second, third]) {
    await bea.goto(address);
    await remove(bea);
  }
});

test('a lead lends to a member what the team has', async ({ member }) => {
  const gus = await member('gus');
  await gus.goto('/requests?scope=member&environments=1');
  await gus.getByLabel(words.requests.reason).fill('One more for a day');
  await gus.getByRole('button', words.requests.ask).click();
  await expect(gus.getByRole('heading', words.requests.waiting)).toBeVisible();
  const gwen = await member('gwen');
  await gwen.getByRole('link', words.requests.count(1)).click();
  await gwen.getByRole('button', words.requests.approve).click();
  await expect(gwen.getByText('Approved by Gwen Green')).toBeVisible();
  await expect(gwen.getByRole('link', words.requests.count(0))).toBeVisible();
  await gus.reload();
  await expect(gus.getByRole('heading', words.requests.lent)).toBeVisible();
  await gus.getByRole('button', words.requests.end).click();
});
