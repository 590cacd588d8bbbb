// What a journey starts from: a Berth of its own, people who sign in, and ears for every complaint of the browser.
import { type BrowserContextOptions, type Page, expect, test as base } from '@playwright/test';
import type { people } from '../provider.mjs';
import { words } from '../words.ts';
import { Berth } from './berth.ts';
import { Noise } from './noise.ts';

export type Person = keyof typeof people;

interface Fixtures {
  /** A page of somebody who is not signed in, with a browser of their own (cookies, cache). */
  visitor: (options?: BrowserContextOptions) => Promise<Page>;
  /** The same, signed in and at the list of environments. */
  member: (person: Person, options?: BrowserContextOptions) => Promise<Page>;
  noise: Noise;
}

interface WorkerFixtures {
  berth: Berth;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  berth: [
    async ({}, use) => {
      const berth = await Berth.start('berth');
      await use(berth);
      await berth.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  baseURL: async ({ berth }, use) => use(berth.url),

  noise: async ({}, use) => {
    const noise = new Noise();
    await use(noise);
    expect(noise.unannounced(), 'what the browser complained about').toEqual([]);
  },

  visitor: async ({ browser, noise }, use) => {
    const contexts = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      noise.listen(context);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  member: async ({ visitor }, use) => {
    await use(async (person, options) => {
      const page = await visitor(options);
      await page.goto('/');
      await signIn(page, person);
      await expect(page.getByRole('heading', words.environments.heading)).toBeVisible();
      return page;
    });
  },
});

export { expect };

/** From Berth's sign-in page through the provider and back. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByRole('link', words.signIn.button).or(page.getByRole('button', words.signIn.button)).click();
  await page.getByRole('textbox', words.provider.username).fill(person);
  await page.getByRole('button', words.provider.proceed).click();
}
