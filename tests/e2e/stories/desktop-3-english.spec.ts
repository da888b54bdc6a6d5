// Does all of it speak English? Every screen once, without a Chinese word that is not a name or a document's.
import type { Page } from '@playwright/test';
import { ADMIN, ask, expect, expectPageDrawn, newVisitor, shot, state, test } from '../support/story.ts';

/** Chinese that the client itself says; the product's name and the language's name stay. */
async function expectNoChinese(page: Page): Promise<void> {
  const said = await page.evaluate(() => {
    const texts = [document.title, document.body.innerText];
    document.querySelectorAll('[aria-label],[title],[placeholder],[alt]').forEach((element) => {
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) texts.push(element.getAttribute(name) ?? '');
    });
    return texts.join('\n');
  });
  expect(said.replaceAll('文枢', '').replaceAll('简体中文', '').match(/[\u3400-\u9fff].*/g) ?? []).toEqual([]);
}

test('an English browser gets an English client', async ({ browser, server }, info) => {
  const page = await (await newVisitor(browser, server, info, 'en-GB')).newPage();
  const looked = async (name: string) => {
    await shot(page, name);
    await expectNoChinese(page);
  };
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.getByLabel('User name').fill(ADMIN.name);
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await looked('40-english-sign-in');
  await page.getByRole('textbox', { name: 'Password' }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Libraries' })).toBeVisible();
  await looked('41-english-libraries');

  const library = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: 'Papers' } });
  await page.goto(`/folders/${library.id}`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: 'New', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Upload files' }).click();
  await (await chooser).setFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('The quick brown fox jumps over the lazy dog.\n') });
  await expect(page.getByText('1 file uploaded')).toBeVisible();
  await looked('42-english-folder');
  await page.getByRole('row').getByRole('link', { name: 'note.txt' }).click();
  await expectPageDrawn(page, 1);
  await page.getByRole('button', { name: 'Version history' }).click();
  await expect(page.getByRole('dialog').getByRole('listitem')).toHaveCount(1);
  await looked('43-english-viewer');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  await expect.poll(async () => (await ask<{ total: number }>(page, '/search?q=fox')).total).toBe(1);
  await page.getByRole('searchbox', { name: 'Search documents' }).fill('quick brown');
  await page.keyboard.press('Enter');
  await expect(page.getByText('1 result')).toBeVisible();
  await looked('44-english-search');

  await page.goto(`/folders/${library.id}`);
  await page.getByRole('main').getByRole('button', { name: 'New', exact: true }).click();
  await page.getByRole('menuitem', { name: 'New page' }).click();
  await page.getByLabel('Name of the page').fill('Minutes');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await expect(state(page)).toHaveText('Saved');
  await looked('45-english-page');
  for (const address of ['/admin/users', '/admin/groups', '/settings', '/trash', '/no/such/page', '/documents/none']) {
    await page.goto(address);
    await expect(page.getByRole('heading', { level: 1 }).or(page.getByRole('alert')).first()).toBeVisible();
    await looked(`46-english${address.replaceAll('/', '-')}`);
  }
});
