// How a page looks and reads: on a desk and on a phone, in light and dark, for eyes and for screen readers.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const screens = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const schemes = ['light', 'dark'] as const;

/** Looks at the page in all four ways: axe finds nothing, nothing is clipped, and a picture is kept in results/shots. */
export async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const [screen, size] of Object.entries(screens)) {
    await page.setViewportSize(size);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      const way = `${name}-${screen}-${colorScheme}`;
      await page.screenshot({ path: `end2end/results/shots/${way}.png`, fullPage: true, animations: 'disabled' });
      expect.soft(await axe(page), `axe on ${way}`).toEqual([]);
      expect.soft(await clipped(page), `wider than the screen: ${way}`).toBeLessThanOrEqual(0);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}

/** What axe finds wrong, a line each. */
export async function axe(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join(', ')})`);
}

/** By how many pixels the page is wider than its window. */
function clipped(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
