// Does searching work with a thumb? Filters in a drawer, the hit in the viewer, its neighbours by the buttons.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { corpusFile } from '../support/corpus.ts';
import { ADMIN, ask, expect, expectNoSidewaysScroll, expectPageDrawn, newVisitor, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'phone-search' });

let page: Page;

async function shown(name: string): Promise<void> {
  await shot(page, name);
  await expectNoSidewaysScroll(page);
}

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
  await signIn(page, ADMIN);
  const library = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '法规' } });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  for (const file of ['pdf/text/zh-bidding-law.pdf', 'office/txt/zh-copyright-law-gbk.txt']) {
    const bytes = readFileSync(corpusFile(file));
    const headers = {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'content-type': 'application/offset+octet-stream',
      'upload-metadata': `filename ${base64(file.split('/').pop()!)},folder_id ${base64(library.id)}`,
    };
    expect((await page.request.post('/api/v1/uploads', { data: bytes, headers })).status()).toBe(201);
  }
  const ready = async () => {
    const { documents } = await ask<{ documents: { processing: { state: string } }[] }>(page, `/folders/${library.id}/children`);
    return documents.every((one) => one.processing.state === 'ready');
  };
  await expect.poll(ready, { timeout: 120_000 }).toBe(true);
  await expect.poll(async () => (await ask<{ total: number }>(page, `/search?q=${encodeURIComponent('法律')}`)).total, { timeout: 60_000 }).toBe(2);
});

test('filters are in a drawer', async () => {
  await page.goto('/search');
  await shown('60-search-start');
  await page.getByRole('searchbox', { name: '搜索文档' }).tap();
  await page.keyboard.type('法律');
  await shown('61-search-typing');
  await page.keyboard.press('Enter');
  await expect(page.getByText('共 2 个结果')).toBeVisible();
  await shown('62-search-results');
  await page.getByRole('button', { name: '筛选' }).tap();
  const drawer = page.getByRole('dialog', { name: '筛选' });
  await drawer.getByRole('checkbox', { name: 'PDF' }).click();
  await expect(drawer.getByRole('button', { name: '查看 1 个结果' })).toBeVisible();
  await shown('63-search-filters');
  await drawer.getByRole('button', { name: '查看 1 个结果' }).tap();
  await expect(page.getByText('类型：PDF')).toBeVisible();
  await expect(page.getByRole('list', { name: '搜索结果' }).getByRole('listitem')).toHaveCount(1);
});

test('a hit is shown, and the next one at a tap', async () => {
  await page.getByRole('list', { name: '搜索结果' }).getByRole('link', { name: 'zh-bidding-law.pdf' }).tap();
  const find = page.getByRole('search', { name: '在文档中查找' });
  await expect(find.getByRole('status')).toHaveText(/^第 \d+ \/ \d+ 处$/);
  const number = Number(/第 (\d+)/.exec((await find.getByRole('status').textContent())!)![1]);
  await expect(page.locator(`[data-mark="${number}"][data-current]`)).toBeInViewport();
  await expectPageDrawn(page, Number(await page.getByRole('textbox', { name: '页码' }).inputValue()));
  await shown('64-search-hit');
  await find.getByRole('button', { name: /^下一处/ }).tap();
  await expect(page.locator(`[data-mark="${number + 1}"][data-current]`)).toBeInViewport();
  await shown('65-search-next-hit');
});
