// What admins change in the page, and what their teams see of it: quotas, templates, and the catalogue as text.
import { rmSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { client } from '../provider.mjs';
import { Berth } from '../support/berth.ts';
import { expect, test as base } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { launch, remove, row, state } from '../support/pages.ts';
import { words } from '../words.ts';

const catalogue = 'end2end/catalogue.toml';

const test = base.extend<object, { berth: Berth }>({
  berth: [
    async ({}, use) => {
      const berth = await Berth.start('admins');
      await use(berth);
      await berth.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

// Each begins with the catalogue as it is declared, however the one before it ended.
test.beforeEach(async ({ berth }) => {
  await berth.run('apply', catalogue);
});

test('a member sees the quota that an admin has set, before the launch', async ({ member }) => {
  const bea = await member('bea');
  await bea.goto('/launch');
  const after = bea.getByRole('region', words.launch.after);
  await expect(after).toContainText('1 of 2');

  const ada = await member('ada');
  await setQuota(ada, { [words.team.environments]: '7', [words.team.cpus]: '1.75' });
  await expect(ada.getByText(words.team.saved)).toBeVisible();

  await bea.reload();
  await expect(after).toContainText('1 of 7');
  await expect(after).toContainText('0.25 of 1.75 cores');
});

test('a quota lowered below what is in use stops nobody, says so, and refuses the next launch', async ({ member }) => {
  const bea = await member('bea');
  const addresses = [await launch(bea, 'Web', 'first'), await launch(bea, 'Web', 'second')];

  const ada = await member('ada');
  await setQuota(ada, { [words.team.environments]: '1', [words.team.running]: '1' });
  await expect(ada.getByText(words.team.over(2, 1))).toBeVisible();
  await look(ada, 'team-over-quota');

  await bea.goto('/launch');
  await expect(bea.getByText(words.launch.refused)).toBeVisible();
  await expect(bea.getByText(words.launch.overQuota(1, 2))).toBeVisible();
  for (const address of addresses) {
    await bea.goto(address);
    await expect(state(bea, words.environment.running)).toBeVisible();
    const port = await bea.getByRole('link', words.environment.port('http')).getAttribute('href');
    expect((await bea.request.get(port ?? '')).status()).toBe(200);
    await remove(bea);
  }
});

test('a changed template is a new version; what was launched before says that it runs the one before', async ({ member }) => {
  const [bea, gus, ada] = [await member('bea'), await member('gus'), await member('ada')];
  await ada.goto('/templates');
  const before = Number(await row(ada, 'Web').getByRole('cell').first().textContent());
  const old = await launch(bea, 'Web', 'of-before');
  await launch(gus, 'Web', 'of-another-team');

  await edit(ada, 'Hello from a shared host', 'Hello from what is new');
  await expect(ada.getByText(words.template.saved)).toBeVisible();
  await expect(ada.getByRole('heading', words.template.version(before + 1))).toBeVisible();
  await expect(ada.getByRole('group', words.template.changed(before + 1))).toContainText('Hello from what is new');
  await ada.goto('/templates');
  await expect(row(ada, 'Web')).toContainText(words.template.inUse(2, 2, before));
  await look(ada, 'templates-older-in-use');

  await bea.reload();
  await expect(bea.getByText(words.template.runs(before))).toBeVisible();
  await bea.getByRole('link', words.history.tab).click();
  await expect(bea.getByText(words.template.runs(before))).toBeVisible();
  const fresh = await launch(bea, 'Web', 'of-now');
  await expect(bea.getByText(words.template.runs(before + 1))).toBeVisible();
  await expect(bea.getByRole('main')).toContainText('Hello from what is new');

  for (const address of [old, fresh]) {
    await bea.goto(address);
    await remove(bea);
  }
  await remove(gus);
  // They go by themselves; the page shows what was there when it was asked for.
  await expect(async () => {
    await ada.reload();
    await expect(row(ada, 'Web')).not.toContainText(words.template.still, { timeout: 1 });
  }).toPass({ timeout: 20_000 });
});

test('what admins changed is exported as text that changes nothing when it is applied', async ({ berth, member }) => {
  const ada = await member('ada');
  await setQuota(ada, { [words.team.environments]: '5', [words.team.cpus]: '' });
  await edit(ada, 'Hello from a shared host', 'Said \\"twice\\", \\\\ and <b>once</b>');
  expect(await berth.run('apply', catalogue, '--dry-run')).toMatch(/[2-9] changes; nothing was applied/);

  const exported = await berth.run('export');
  expect(exported).toContain('environments = 5');
  expect(await (await ada.request.get('/api/v1/catalogue')).text()).toBe(exported);
  const file = test.info().outputPath('exported.toml');
  writeFileSync(file, exported);
  expect(await berth.run('apply', file, '--dry-run')).toBe('Nothing to change.\n');
  rmSync(file);
});

test('the page of the host says what an isolation check has measured', async ({ member }) => {
  const ada = await member('ada');
  await ada.goto('/hosts');
  const host = ada.getByRole('region', words.host.panel);
  await host.getByRole('button', words.host.checkNow).click();
  await expect(ada.getByText(words.host.checked)).toBeVisible({ timeout: 60_000 });
  await expect(host).toContainText(words.host.apart);
  await look(ada, 'host');
});

test('a host that is drained takes nothing new until it is reopened', async ({ member }) => {
  const ada = await member('ada');
  await ada.goto('/hosts');
  const host = ada.getByRole('region', words.host.panel);
  await host.getByRole('button', words.host.drain).click();
  await expect(ada.getByText(words.host.draining)).toBeVisible();
  await expect(host).toContainText('draining');
  const hosts = await ada.request.get('/api/v1/hosts');
  expect((await hosts.json()).items).toMatchObject([{ name: 'default', draining: true }]);
  await host.getByRole('button', words.host.reopen).click();
  await expect(ada.getByText(words.host.reopened)).toBeVisible();
  await expect(host).toContainText(words.host.live);
});

test('the settings say where each value was set, and show no secret', async ({ member }) => {
  const ada = await member('ada');
  await ada.goto('/settings');
  const setting = (key: string) => ada.getByRole('row').filter({ has: ada.getByText(key, { exact: true }) });
  await expect(setting('server.addr')).toContainText(/berth\.toml, line \d+/);
  await expect(setting('sessions.idle')).toContainText(words.settings.default);
  await expect(setting('oidc.client_secret')).toContainText(words.settings.secret);
  expect(await ada.content()).not.toContain(client.secret);
});

/** Changes limits of team blue on its page. */
async function setQuota(admin: Page, limits: Record<string, string>): Promise<void> {
  await admin.goto('/teams/blue');
  const quota = admin.getByRole('group', words.team.mayHold);
  for (const [label, limit] of Object.entries(limits)) await quota.getByLabel(label).fill(limit);
  await admin.getByRole('button', words.team.save).click();
}

/** Changes a piece of the template Web's text on its page. */
async function edit(admin: Page, piece: string, by: string): Promise<void> {
  await admin.goto('/templates/web');
  const text = admin.getByRole('textbox', { name: words.template.text });
  const known = await text.inputValue();
  expect(known).toContain(piece);
  await text.fill(known.replace(piece, by));
  await admin.getByRole('button', words.template.save).click();
}
