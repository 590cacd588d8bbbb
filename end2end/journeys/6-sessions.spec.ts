// A session that ends by itself: the server for this one keeps sessions for seconds.
import { expect, test as base } from '../support/fixtures.ts';
import { Berth } from '../support/berth.ts';
import { words } from '../words.ts';

const test = base.extend<object, { berth: Berth }>({
  berth: [
    async ({}, use) => {
      const berth = await Berth.start('short-sessions', { sessions: { idle: '3s', absolute: '1h' } });
      await use(berth);
      await berth.stop();
    },
    { scope: 'worker' },
  ],
});

test('a session that has ended says so, and signing in again leads back', async ({ member, noise }) => {
  noise.announce(/401/);
  const bea = await member('bea');
  await bea.goto('/launch');

  // Asking keeps a session alive: it is looked at again after more than its time.
  await expect(async () => {
    await bea.reload();
    await expect(bea.getByRole('heading', words.signIn.heading)).toBeVisible({ timeout: 500 });
  }).toPass({ intervals: [4_000], timeout: 15_000 });
  await expect(bea.getByText(words.signIn.ended)).toBeVisible();

  await bea.getByRole('link', words.signIn.button).or(bea.getByRole('button', words.signIn.button)).click();
  // The provider still knows her, and asks nothing.
  await expect(bea.getByRole('heading', words.launch.heading)).toBeVisible();
});
