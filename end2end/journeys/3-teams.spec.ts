// Several teams on one host: each sees its own, within its quota.
import { expect, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { askForLaunch, launch, remove, row } from '../support/pages.ts';
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
