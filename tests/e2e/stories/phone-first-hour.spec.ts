// Is the first hour possible on a phone? Sign in, list, open, search, write; nothing makes the page scroll sideways.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { corpusFile } from '../support/corpus.ts';
import { ADMIN, ask, expect, expectNoSidewaysScroll, expectPageDrawn, expectSaved, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'phone' });

let page: Page;

const FILES = ['pdf/text/zh-bidding-law.pdf', 'office/docx/zh-frontier-health-law-v2018.docx', 'pdf/encrypted/en-aes256-r6-foo-bar.pdf'];

async function shown(name: string): Promise<void> {
  await shot(page, name);
  await expectNoSidewaysScroll(page);
}

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
});

test('signing in and making a library work with a thumb', async () => {
  await page.goto('/');
  await shown('01-sign-in');
  await signIn(page, ADMIN);
  await page.getByRole('button', { name: '新建文库' }).tap();
  await page.getByRole('dialog').getByLabel('文库名称').fill('随身资料');
  await shown('02-new-library');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).tap();
  await expect(page.getByRole('heading', { name: '随身资料', level: 1 })).toBeVisible();
  await shown('03-empty-library');
  await page.getByRole('button', { name: '打开导航' }).tap();
  await expect(page.getByRole('link', { name: '回收站' })).toBeInViewport();
  await shown('04-navigation');
  await page.getByRole('link', { name: '用户', exact: true }).tap();
  await expect(page.getByRole('heading', { name: '用户', level: 1 })).toBeVisible();
  await shown('05-users');
  await page.goBack();
});

test('files are uploaded and listed with their state', async () => {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).tap();
  await page.getByRole('menuitem', { name: '上传文件', exact: true }).tap();
  await (await chooser).setFiles([
    ...FILES.map((file) => ({ name: file.split('/').pop()!, mimeType: '', buffer: readFileSync(corpusFile(file)) })),
    { name: '关于开展协同办公试点工作并做好二〇二六年度文书档案数字化移交准备的补充通知（征求意见稿）.txt', mimeType: 'text/plain', buffer: Buffer.from('请各部门做好协同办公试点。\n') },
  ]);
  const panel = page.getByRole('region', { name: '上传进度' });
  await expect(panel.getByText('4 个文件已上传')).toBeVisible();
  await shown('06-uploaded');
  await panel.getByRole('button', { name: '关闭' }).tap();
  await expect(row(page, 'en-aes256-r6-foo-bar.pdf')).toContainText('文档已加密，无法读取内容', { timeout: 120_000 });
  await expect(page.getByText('处理中')).toHaveCount(0, { timeout: 120_000 });
  await shown('07-list');
  await row(page, 'zh-bidding-law.pdf').getByRole('button', { name: 'zh-bidding-law.pdf 的操作' }).tap();
  await expect(page.getByRole('menuitem', { name: '重命名' })).toBeVisible();
  await shown('08-actions');
  await page.keyboard.press('Escape');
});

test('documents open and fill the width', async () => {
  await row(page, 'zh-bidding-law.pdf').getByRole('link').tap();
  await expectPageDrawn(page, 1);
  await expect(page.getByText('/ 8')).toBeVisible();
  await shown('09-pdf');
  await page.getByRole('button', { name: '版本历史' }).tap();
  await expect(page.getByRole('dialog', { name: '版本历史' }).getByRole('listitem')).toHaveCount(1);
  await shown('10-history');
  await page.getByRole('dialog').getByRole('button', { name: '关闭' }).tap();
  await page.goBack();
  await row(page, 'zh-frontier-health-law-v2018.docx').getByRole('link').tap();
  await expectPageDrawn(page, 1);
  await shown('11-docx');
});

test('search finds a phrase and leads to its page', async () => {
  await page.getByRole('button', { name: '打开搜索' }).tap();
  await page.getByRole('searchbox', { name: '搜索文档' }).fill('招标投标活动应当遵循公开');
  await shown('12-search-box');
  await page.getByRole('searchbox', { name: '搜索文档' }).press('Enter');
  const hit = page.getByRole('list', { name: '搜索结果' }).getByRole('listitem').filter({ hasText: 'zh-bidding-law.pdf' });
  await expect(hit.locator('mark').first()).toBeVisible();
  await shown('13-results');
  await hit.getByRole('link', { name: 'zh-bidding-law.pdf' }).tap();
  await expectPageDrawn(page, 1);
  await expect(page.locator('[data-page="1"] [data-mark]').first()).toBeInViewport();
  await shown('14-found');
});

test('a page is written and saved', async () => {
  await page.goto('/');
  await page.getByRole('main').getByRole('link', { name: '随身资料' }).tap();
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).tap();
  await page.getByRole('menuitem', { name: '新建在线文档' }).tap();
  await page.getByRole('dialog').getByLabel('文档名称').fill('路上的想法');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).tap();
  const text = page.getByRole('textbox', { name: '正文' });
  await expect(text).toBeEditable();
  await text.tap();
  await page.keyboard.type('在地铁上写的一段话，明天再整理。');
  await page.getByRole('toolbar', { name: '格式' }).getByRole('button', { name: '更多工具' }).tap();
  await page.getByRole('toolbar', { name: '格式' }).getByRole('button', { name: '任务列表' }).tap();
  await page.getByRole('toolbar', { name: '格式' }).getByRole('button', { name: '表格' }).tap();
  await page.getByRole('button', { name: '3 行 3 列' }).tap();
  await expect(text.getByRole('table')).toBeVisible();
  await expectSaved(page);
  await shown('15-page');
  const id = page.url().split('/').pop();
  expect((await ask<{ kind: string }>(page, `/documents/${id}`)).kind).toBe('page');
});
