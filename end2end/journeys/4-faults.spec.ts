// What goes wrong on a shared host, and how it is told: images that fail, and an engine that dies and returns.
import { expect, test } from '../support/fixtures.ts';
import { look } from '../support/looks.ts';
import { askForLaunch, launch, remove, row, state } from '../support/pages.ts';
import { words } from '../words.ts';

const failures = [
  { template: 'Exits', name: 'exits-at-once', cause: words.environment.exited },
  { template: 'Silent', name: 'never-ready', cause: words.environment.notReady },
  { template: 'Absent', name: 'no-image', cause: words.environment.noImage },
];

for (const { template, name, cause } of failures) {
  test(`a launch that fails says why and holds nothing: ${name}`, async ({ member, noise }) => {
    noise.announce(/409|503/);
    const bea = await member('bea');
    await askForLaunch(bea, template, { [words.launch.name]: name });
    await expect(state(bea, words.environment.failed)).toBeVisible({ timeout: 60_000 });
    await expect(bea.getByText(cause).first()).toBeVisible();
    await look(bea, `environment-${name}`);
    await remove(bea);
  });
}

test('the engine dies and returns while a page is open', async ({ berth, member, noise }) => {
  noise.announce(/503/);
  const bea = await member('bea');
  const address = await launch(bea, 'Web', 'survivor');
  await bea.goto('/');
  await expect(bea.getByText(words.host.live)).toBeVisible();

  await berth.gate.cut();
  await expect(bea.getByText(words.host.gone).first()).toBeVisible();
  await expect(row(bea, 'survivor')).toBeVisible();
  await look(bea, 'engine-gone');
  await askForLaunch(bea, 'Web', { [words.launch.name]: 'not-now' });
  await expect(bea.getByRole('alert').or(bea.getByText(words.host.gone)).first()).toBeVisible();

  await berth.gate.restore();
  await bea.goto(address);
  await expect(bea.getByText(words.host.live)).toBeVisible({ timeout: 60_000 });
  await expect(state(bea, words.environment.running)).toBeVisible();
  await remove(bea);
});
