// Can records be looked up and described on a phone, between the shelves? Cards, filters from below, fields over the list.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { corpusFile } from '../support/corpus.ts';
import { ADMIN, ask, choose, expect, expectNoSidewaysScroll, newVisitor, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'phone-records' });

let page: Page;
let library: string;

const FILES = ['pdf/text/zh-bidding-law.pdf', 'office/docx/zh-company-law-2023.docx', 'office/txt/zh-copyright-law-gbk.txt'];

async function shown(name: string): Promise<void> {
  await shot(page, name);
  await expectNoSidewaysScroll(page);
}

const card = (name: string) => page.getByRole('grid', { name: '档案列表' }).getByRole('row').filter({ hasText: name });

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
  await signIn(page, ADMIN);
  library = (await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '库房' } })).id;
});

test('fields come from the preset', async () => {
  await page.goto(`/folders/${library}/records`);
  await page.getByRole('link', { name: '定义字段' }).tap();
  await page.getByRole('button', { name: '常用档案字段' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: '添加 12 个字段' }).tap();
  await expect(page.getByRole('list', { name: '字段' }).getByRole('listitem')).toHaveCount(12);
  await shown('records-01-fields');
});

test('records are cards that say what is missing', async () => {
  await page.goto(`/folders/${library}`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).tap();
  await page.getByRole('menuitem', { name: '上传文件', exact: true }).tap();
  await (await chooser).setFiles(FILES.map((file) => ({ name: file.split('/').pop()!, mimeType: '', buffer: readFileSync(corpusFile(file)) })));
  await expect(page.getByRole('region', { name: '上传进度' }).getByText('3 个文件已上传')).toBeVisible();
  await page.getByRole('region', { name: '上传进度' }).getByRole('button', { name: '关闭' }).tap();
  await expect.poll(async () => (await ask<{ total: number }>(page, `/search?in=${library}`)).total, { timeout: 60_000 }).toBe(3);
  await page.getByRole('link', { name: '档案', exact: true }).tap();
  await expect(card('zh-bidding-law.pdf')).toContainText('4 项必填未填');
  await shown('records-02-cards');
});

test('a card opens its fields, which are filled in with a thumb', async () => {
  await card('zh-bidding-law.pdf').tap({ position: { x: 300, y: 50 } });
  const details = page.getByRole('dialog');
  const save = async (act: () => Promise<void>) => {
    const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
    await act();
    await saved;
  };
  const fill = (name: string, text: string) =>
    save(async () => {
      const field = details.getByRole('textbox', { name, exact: true });
      await field.fill(text);
      await field.press('Enter');
    });
  await fill('档号', 'A001-2017-0001');
  await fill('题名', '中华人民共和国招标投标法');
  await fill('年度', '2017');
  await save(() => choose(page, details.getByRole('combobox', { name: '保管期限', exact: true }), '永久'));
  await shown('records-03-details');
  await page.getByRole('button', { name: '关闭详细信息' }).tap();
  await expect(card('zh-bidding-law.pdf')).toContainText('永久');
  await expect(card('zh-bidding-law.pdf')).not.toContainText('必填未填');
});

test('several are chosen and changed', async () => {
  for (const name of ['zh-company-law-2023.docx', 'zh-copyright-law-gbk.txt']) await card(name).getByRole('checkbox').tap();
  await shown('records-04-chosen');
  await page.getByRole('button', { name: '批量编辑' }).tap();
  const dialog = page.getByRole('dialog', { name: '批量编辑 2 件档案' });
  const term = dialog.getByRole('group', { name: '保管期限' });
  await term.getByText('设为').tap();
  await choose(page, term.getByRole('combobox', { name: '保管期限', exact: true }), '10年');
  await shown('records-05-bulk');
  await dialog.getByRole('button', { name: '应用到 2 件' }).tap();
  await expect(dialog.getByText('2 件已完成')).toBeVisible();
  await dialog.getByRole('button', { name: '关闭' }).last().tap();
  await page.getByRole('button', { name: '取消选择' }).tap();
});

test('filters come from below, orders from a list', async () => {
  await page.reload();
  await page.getByRole('button', { name: '筛选', exact: true }).tap();
  const drawer = page.getByRole('dialog', { name: '筛选' });
  await drawer.getByRole('checkbox', { name: '10年，2 件' }).check();
  await expect(drawer.getByRole('button', { name: '查看 2 件' })).toBeVisible();
  await shown('records-06-filters');
  await drawer.getByRole('button', { name: '查看 2 件' }).tap();
  await expect(card('zh-bidding-law.pdf')).toHaveCount(0);
  await page.getByRole('button', { name: '取消筛选“保管期限：10年”' }).tap();
  await choose(page, page.getByRole('combobox', { name: '排序' }), '名称 ↓');
  await expect.poll(async () => (await page.getByRole('rowheader').allInnerTexts()).map((text) => text.split('\n')[0])).toEqual([
    'zh-copyright-law-gbk.txt',
    'zh-company-law-2023.docx',
    'zh-bidding-law.pdf',
  ]);
  await shown('records-07-sorted');
});
