// Time that runs out: warned of, stopped, kept and removed, each said on the page. Lifetimes here are seconds.
import { expect, test as base } from '../support/fixtures.ts';
import { Berth } from '../support/berth.ts';
import { look } from '../support/looks.ts';
import { launch, remove, row, state } from '../support/pages.ts';
import { words } from '../words.ts';

const test = base.extend<object, { berth: Berth }>({
  berth: [
    async ({}, use) => {
      const berth = await Berth.start('time');
      await berth.run('apply', 'end2end/brief.toml');
      await use(berth);
      await berth.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

test('an environment is warned of, stops, is kept for its team’s grace, and goes', async ({ member }) => {
  test.setTimeout(300_000);
  const bea = await member('bea');
  const list = await bea.context().newPage();
  await list.goto('/');
  await launch(bea, 'Brief', 'brief');
  const time = bea.getByRole('region', words.time.region);
  await expect(time.getByText(words.time.expires)).toBeVisible({ timeout: 90_000 });
  await expect(list.getByRole('region', words.time.soon).getByText(words.time.soonExpires)).toBeVisible();

  await expect(state(bea, words.environment.stopped)).toBeVisible({ timeout: 90_000 });
  await expect(time.getByText(words.time.kept)).toBeVisible();
  await expect(time.getByText(words.time.howToKeep)).toBeVisible();
  await expect(row(list, 'brief').getByText(words.time.untilRemoved)).toBeVisible();

  await expect(row(list, 'brief')).toHaveCount(0, { timeout: 90_000 });
});

test('an idle clock says when it stops it and what was the last activity', async ({ member }) => {
  const bea = await member('bea');
  await launch(bea, 'Idler', 'idler');
  await expect(bea.getByText(words.time.idle)).toBeVisible();
  await look(bea, 'environment-idle');
  await bea.goto('/');
  await expect(row(bea, 'idler').getByText(words.time.ifIdle)).toBeVisible();
  await row(bea, 'idler').getByRole('link', { name: 'idler', exact: true }).click();
  await remove(bea);
});

test('a stopped environment is kept for a week, and longer by an extension', async ({ member }) => {
  const gus = await member('gus');
  await launch(gus, 'Web', 'kept');
  await gus.getByRole('button', words.environment.stop).click();
  const time = gus.getByRole('region', words.time.region);
  await expect(time.getByText(words.time.week)).toBeVisible();
  const until = await gus.getByRole('definition').filter({ has: gus.getByRole('time') }).getByRole('time').getAttribute('datetime');
  await gus.getByRole('button', words.environment.extend).click();
  await expect(gus.getByRole('definition').getByRole('time')).not.toHaveAttribute('datetime', until ?? '');
  await look(gus, 'environment-kept');
  await gus.goto('/');
  await expect(row(gus, 'kept').getByText(words.time.untilRemoved)).toBeVisible();
  await look(gus, 'environments-kept');
  await row(gus, 'kept').getByRole('link', { name: 'kept', exact: true }).click();
  await remove(gus);
});
