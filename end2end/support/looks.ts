// How a page looks and reads: on a desk and on a phone, in light and dark, for eyes and for screen readers.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const screens = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** Between a desk and a phone, and beyond: looked at for what is cut off, in one scheme. */
const widths = [768, 960, 1920];
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
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `end2end/results/shots/${name}-${width}.png`, fullPage: true, animations: 'disabled' });
    expect.soft(await clipped(page), `wider than the screen: ${name} at ${width}`).toBeLessThanOrEqual(0);
    expect.soft(await squeezed(page), `too narrow to be read: ${name} at ${width}`).toEqual([]);
  }
  await page.setViewportSize(screens.desktop);
  await page.emulateMedia({ colorScheme: null, forcedColors: 'active' });
  await page.screenshot({ path: `end2end/results/shots/${name}-forced-colours.png`, fullPage: true, animations: 'disabled' });
  expect.soft(await unmarked(page), `what is chosen cannot be seen without our colours: ${name}`).toEqual([]);
  await page.emulateMedia({ forcedColors: null });
  if (before) await page.setViewportSize(before);
}

/** What axe finds wrong, a line each. */
export async function axe(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join(', ')})`);
}

/** Cells of tables that hold something in fewer pixels than a word needs. */
function squeezed(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const cells = [...document.querySelectorAll<HTMLElement>('main td, main th')];
    const shown = cells.filter((cell) => cell.textContent?.trim() && cell.getClientRects().length > 0);
    return shown.filter((cell) => cell.clientWidth < 60).map((cell) => `${cell.clientWidth}px: ${cell.textContent}`);
  });
}

/** What is chosen, or where one is, without an outline of the system's. */
function unmarked(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const chosen = document.querySelectorAll('label:has(> input[type="radio"]:checked), .rail a[aria-current]');
    const bare = [...chosen].filter((one) => one.getClientRects().length && getComputedStyle(one).outlineStyle === 'none');
    return bare.map((one) => one.textContent ?? '');
  });
}

/** By how many pixels the page is wider than its window. */
function clipped(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
