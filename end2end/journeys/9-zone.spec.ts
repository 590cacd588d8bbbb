// Times are read in the viewer's own zone and manner; without scripts in UTC, which is said.
import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../support/fixtures.ts';
import { launch, remove, state } from '../support/pages.ts';
import { words } from '../words.ts';

const newYork = { timezoneId: 'America/New_York', locale: 'en-GB' };

test('whoever is elsewhere reads every time as their own clock has it', async ({ member }) => {
  const bea = await member('bea', newYork);
  const address = await launch(bea, 'Web', 'far-away');
  await expectLocalTimes(bea);
  await bea.goto(`${address}/history`);
  await expectLocalTimes(bea);
  await askAndWithdraw(bea);
  await expectLocalTimes(bea);

  const ada = await member('ada', newYork);
  await ada.goto('/people');
  await expectLocalTimes(ada);
  await ada.getByRole('link', { name: 'Bea Blue' }).click();
  await expect(ada.getByRole('heading', { name: 'Bea Blue', level: 1 })).toBeVisible();
  for (const page of ['/audit', '/templates/web']) {
    await ada.goto(page);
    await expectLocalTimes(ada);
  }

  await bea.goto(address);
  await expect(state(bea, words.environment.running)).toBeVisible();
  await remove(bea);
});

test('without scripts a time is in UTC, and says so', async ({ visitor, noise }) => {
  // The browser itself keeps the scripts off.
  noise.announce(/^csp GET .*\/berth\.js/, /preloaded using link preload/);
  const ada = await visitor({ ...newYork, javaScriptEnabled: false });
  await ada.goto('/people');
  await signIn(ada, 'ada');
  for (const page of ['/people', '/templates/web']) {
    await ada.goto(page);
    const time = ada.getByRole('main').getByRole('time').first();
    const utc = ((await time.getAttribute('datetime')) ?? '').replace(/^(\S+)T(\d\d:\d\d).*$/, '$1 $2 UTC');
    await expect(time).toHaveText(utc);
  }
});

/** Every time of the page, or the absolute one behind it, is what a clock in New York shows at that moment. */
async function expectLocalTimes(page: Page): Promise<void> {
  const clock = new Intl.DateTimeFormat(newYork.locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: newYork.timezoneId });
  await expect(async () => {
    const times = await page.getByRole('main').getByRole('time').all();
    expect(times.length).toBeGreaterThan(0);
    for (const time of times) {
      const said = (await time.getAttribute('title')) ?? (await time.textContent());
      const there = clock.format(new Date((await time.getAttribute('datetime')) ?? ''));
      expect(said?.replace(/\s/g, ' ')).toBe(there.replace(/\s/g, ' '));
    }
  }).toPass({ timeout: 10_000 });
}

async function askAndWithdraw(page: Page): Promise<void> {
  await page.goto('/requests?environments=1');
  await page.getByLabel(words.requests.reason).fill('To see when it was asked');
  await page.getByRole('button', words.requests.ask).click();
  await page.getByRole('button', words.requests.withdraw).click();
  await expect(page.getByText(/^Withdrawn by Bea Blue/)).toBeVisible();
}
