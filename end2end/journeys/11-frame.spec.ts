// What is alive around every page, and forms under hasty fingers.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { launch, remove, row } from '../support/pages.ts';
import { words } from '../words.ts';

test('a second click on Save is no second change, and says nothing false', async ({ member }) => {
  const ada = await member('ada');
  await ada.goto('/teams/green');
  const label = ada.getByRole('textbox', { name: 'Label' });
  await label.fill('Team green, renamed');
  await ada.getByRole('button', words.team.save).dblclick();
  await expect(ada.getByText(words.team.saved)).toBeVisible();
  await label.fill('Team green');
  await ada.getByRole('button', words.team.save).dblclick();
  await expect(ada.getByRole('heading', { name: 'Team green', exact: true })).toBeVisible();
  await expect(ada.getByText(words.team.saved)).toBeVisible();
});

test('what was typed for a template is there when it is chosen again', async ({ member }) => {
  const bea = await member('bea');
  await bea.goto('/launch');
  await bea.getByRole('radio', words.launch.template('Web')).check({ force: true });
  await bea.getByLabel('Greeting').fill('first line\nsecond line');
  await bea.getByRole('radio', words.launch.template('Exits')).check({ force: true });
  await expect(bea.getByLabel('Greeting')).toHaveCount(0);
  await bea.getByRole('radio', words.launch.template('Web')).check({ force: true });
  await expect(bea.getByLabel('Greeting')).toHaveValue('first line\nsecond line');
});

test('a page that nobody sees holds no connection to the server', async ({ member }) => {
  const bea = await member('bea');
  await bea.goto('/requests');
  await expect(bea.getByText(words.host.live)).toBeVisible();
  const closed = bea.waitForEvent('requestfailed', (request) => request.url().endsWith('/live'));
  await seen(bea, false);
  await closed;
  const opened = bea.waitForRequest('**/live');
  await seen(bea, true);
  await opened;
});

test('a proxy in front of a server that is away says so, and an updated server asks for a reload', async ({ member, noise }) => {
  noise.announce(/502/);
  const bea = await member('bea');
  await launch(bea, 'Web', 'behind-a-proxy');
  await bea.goto('/environments');
  await bea.route('**/fn/environments/operate', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }),
  );
  await row(bea, 'behind-a-proxy').getByRole('button', { name: /^Stop/ }).click();
  const notice = bea.getByRole('alert');
  await expect(notice).toContainText('The server could not be reached');
  await bea.getByRole('button', words.notice.dismiss).click();
  await expect(notice).toBeEmpty();
  await bea.unroute('**/fn/environments/operate');

  await bea.route('**/live', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: 'event: bundle\ndata: pkg/of-another-version\n\n' }),
  );
  await bea.reload();
  await expect(notice).toContainText('Berth was updated');
  await bea.unroute('**/live');
  await bea.goto('/environments');
  await row(bea, 'behind-a-proxy').getByRole('link', { name: 'behind-a-proxy', exact: true }).click();
  await remove(bea);
});

/** As a browser tells a page that its tab has come to the front, or gone behind another. */
function seen(page: Page, is: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !is);
}
