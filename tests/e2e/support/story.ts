// What does every story need? A server of its own, people who sign in, and pictures of each step.
import { test as base, expect, type Browser, type BrowserContext, type Locator, type Page, type TestInfo } from '@playwright/test';
import path from 'node:path';
import { SCREENSHOTS } from './paths.ts';
import { ADMIN, Server } from './server.ts';

export { ADMIN, expect };

/** Tests of one file run in one process and share its server; a repeated file gets a new one. */
export const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use, worker) => {
      const server = await Server.create(`${worker.project.name}-${worker.workerIndex}`);
      await use(server);
      await server.remove();
    },
    { scope: 'worker', timeout: 180_000 },
  ],
});

export const COLLEAGUE = { name: 'lina', display: '李娜', password: 'reads-every-page' };
export const OUTSIDER = { name: 'wangqiang', display: '王强', password: 'sees-nothing-here' };

/** A browser of its own for one person, as large as the project says. */
export async function newVisitor(browser: Browser, server: Server, info: TestInfo, locale = 'zh-CN'): Promise<BrowserContext> {
  const { viewport, isMobile, hasTouch, deviceScaleFactor, timezoneId } = info.project.use;
  const context = await browser.newContext({ baseURL: server.url, locale, viewport, isMobile, hasTouch, deviceScaleFactor, timezoneId });
  context.setDefaultTimeout(30_000);
  return context;
}

export async function fillSignIn(page: Page, person: { name: string; password: string }): Promise<void> {
  await page.getByLabel('用户名').fill(person.name);
  await page.getByRole('textbox', { name: '密码' }).fill(person.password);
  await page.getByRole('button', { name: '登录' }).click();
}

/** Signs in through the form and waits for the start page. */
export async function signIn(page: Page, person: { name: string; password: string }): Promise<void> {
  await page.goto('/');
  await fillSignIn(page, person);
  await expect(page.getByRole('heading', { name: '文库', level: 1 })).toBeVisible();
}

/** Keeps a picture of a step in `build/screenshots/<project>/`. */
export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(SCREENSHOTS, test.info().project.name, `${name}.png`), animations: 'disabled' });
}

/** The row of a folder's list that has this name. */
export function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

/** Chooses from a list that opens on click. */
export async function choose(page: Page, field: Locator, option: string | RegExp): Promise<void> {
  await field.click();
  await page.getByRole('option', { name: option }).click();
}

/** Asks the server with the page's session. */
export async function ask<T>(page: Page, address: string, init: { method?: string; data?: unknown } = {}): Promise<T> {
  const response = await page.request.fetch(`/api/v1${address}`, init);
  expect(response.ok(), `${init.method ?? 'GET'} ${address}: ${response.status()}`).toBe(true);
  return (await response.json()) as T;
}

/** Nothing makes the page itself scroll sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [needed, there] = await page.evaluate(() => [document.scrollingElement!.scrollWidth, innerWidth] as const);
  expect(needed, 'width of the page').toBeLessThanOrEqual(there);
}

/** A page of a document is there: its picture has arrived and shows more than white. */
export async function expectPageDrawn(page: Page, number: number): Promise<void> {
  const picture = page.locator(`[data-page="${number}"] img`);
  await expect(picture).toBeInViewport({ timeout: 120_000 });
  const inked = () =>
    picture.evaluate((image: HTMLImageElement) => {
      if (!image.complete || image.naturalWidth === 0) return 0;
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let dark = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at]! + data[at + 1]! + data[at + 2]! < 600) dark += 1;
      return dark;
    });
  await expect.poll(inked, { message: `ink on page ${number}`, timeout: 60_000 }).toBeGreaterThan(50);
}

/** Searches through the box in the top bar; returns the results. */
export async function search(on: Page, words: string): Promise<Locator> {
  const box = on.getByRole('searchbox', { name: '搜索文档' });
  await box.fill(words);
  await box.press('Enter');
  await expect(on).toHaveURL(new RegExp(`/search\\?q=${encodeURIComponent(words).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
  return on.getByRole('list', { name: '搜索结果' }).getByRole('listitem');
}

/** The badge that tells whether a page is saved. */
export function state(page: Page): Locator {
  return page.getByRole('status').and(page.locator('[data-state]'));
}

export async function expectSaved(page: Page): Promise<void> {
  await expect(state(page)).toHaveAttribute('data-state', 'saved', { timeout: 60_000 });
}
