// The pages as people use them: what a journey does there, by role and name.
import { expect, type Locator, type Page } from '@playwright/test';
import { words } from '../words.ts';

/** Fills in the launch form and sends it; where it leads is the journey's to say. */
export async function askForLaunch(page: Page, template: string, fields: Record<string, string> = {}): Promise<void> {
  await page.goto('/launch');
  await expect(page.getByRole('heading', words.launch.heading)).toBeVisible();
  await choose(page, template);
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  await page.getByRole('button', words.launch.submit).click();
}

/** Launches, and waits until it runs. Returns the environment's own address. */
export async function launch(page: Page, template: string, name: string, fields: Record<string, string> = {}): Promise<string> {
  await askForLaunch(page, template, { [words.launch.name]: name, ...fields });
  await page.waitForURL(/\/environments\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(state(page, words.environment.running)).toBeVisible({ timeout: 30_000 });
  return page.url();
}

/** From the environment's own page. */
export async function remove(page: Page): Promise<void> {
  await page.getByRole('button', words.environment.remove).first().click();
  await page.getByRole('dialog').getByRole('button', words.environment.confirmRemove).click();
  await expect(page.getByRole('heading', words.environments.heading)).toBeVisible();
}

/** The state badge of the environment that the page is about. */
export function state(page: Page, word: RegExp): Locator {
  return page.getByRole('main').getByText(word).first();
}

/** The row (on a phone: the card) of an environment in the list. */
export function row(page: Page, name: string): Locator {
  return page.getByRole('row').or(page.getByRole('listitem')).filter({ has: page.getByRole('link', { name, exact: true }) });
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', words.navigation.account).click();
  await page.getByRole('button', words.navigation.signOut).click();
}

/** A template is a card with a radio button inside, or a link to itself where scripts are off. */
async function choose(page: Page, template: string): Promise<void> {
  const card = page.getByRole('radio', words.launch.template(template));
  if (!(await card.isChecked())) await card.check({ force: true });
}
