// Can an archive clerk live with it? Fields by a preset, five real files described, many changed at once, found by filters,
// listed for Excel, and filled in from a table that has mistakes.
import type { Locator, Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { corpusFile } from '../support/corpus.ts';
import { ADMIN, ask, choose, COLLEAGUE, expect, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'records', viewport: { width: 1440, height: 900 } });

let page: Page;
let library: string;

const FILES = [
  'pdf/text/zh-bidding-law.pdf',
  'pdf/scan/zh-archives-law-ocr-layer.pdf',
  'office/docx/zh-company-law-2023.docx',
  'office/doc/zh-cryptography-law.doc',
  'office/txt/zh-copyright-law-gbk.txt',
];
const NAMES = FILES.map((file) => path.basename(file));

const grid = () => page.getByRole('grid', { name: '档案列表' });
/** The row of the table that has this name. */
const record = (name: string) => grid().getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const details = () => page.getByRole('complementary', { name: '详细信息' });
const filters = () => page.getByRole('complementary', { name: '筛选' });
const field = (name: string) => details().getByRole('textbox', { name, exact: true });

async function openDetails(name: string): Promise<void> {
  await record(name).getByRole('gridcell').nth(2).click();
  await expect(details().getByRole('link', { name })).toBeVisible();
}

/** Types into a field and leaves it, and waits until the server has it. */
async function fillIn(input: Locator, text: string): Promise<void> {
  const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
  await input.fill(text);
  await input.press('Enter');
  await saved;
}

async function pick(name: string, option: string): Promise<void> {
  const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
  await choose(page, details().getByRole('combobox', { name, exact: true }), option);
  await saved;
}

async function names(): Promise<string[]> {
  return grid().getByRole('rowheader').allInnerTexts();
}

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('an empty library says what to do first', async () => {
  await signIn(page, ADMIN);
  await page.getByRole('button', { name: '新建文库' }).click();
  await page.getByRole('dialog').getByLabel('文库名称').fill('综合档案');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).click();
  await page.getByRole('link', { name: '档案', exact: true }).click();
  await expect(page.getByText('这里还没有档案')).toBeVisible();
  library = /folders\/([^/]+)\/records/.exec(page.url())![1]!;
  await shot(page, '01-no-records');
  await page.getByRole('link', { name: '定义字段' }).click();
  await expect(page.getByText('还没有字段')).toBeVisible();
  await shot(page, '02-no-fields');
});

test('fields come from a preset, and are changed to what is wanted', async () => {
  await page.getByRole('button', { name: '常用档案字段' }).click();
  await shot(page, '03-preset');
  await page.getByRole('dialog').getByRole('button', { name: '添加 12 个字段' }).click();
  const fields = page.getByRole('list', { name: '字段' }).getByRole('listitem');
  await expect(fields).toHaveCount(12);

  // 题名 is the name of the document here.
  await page.getByRole('button', { name: '题名 的操作' }).click();
  await page.getByRole('menuitem', { name: '删除' }).click();
  await page.getByRole('dialog', { name: '删除字段“题名”？' }).getByRole('button', { name: '删除字段' }).click();
  await expect(fields).toHaveCount(11);

  await page.getByRole('button', { name: '添加字段' }).click();
  const dialog = page.getByRole('dialog', { name: '添加字段' });
  await dialog.getByLabel('字段名称').fill('档号');
  await dialog.getByRole('button', { name: '添加', exact: true }).click();
  await expect(dialog.getByText('本文库已有同名字段')).toBeVisible();
  await dialog.getByLabel('字段名称').fill('主题');
  await choose(page, dialog.getByRole('combobox', { name: '类型' }), '多选');
  await dialog.getByRole('textbox', { name: '选项 1' }).fill('法律');
  await dialog.getByRole('button', { name: '添加选项' }).click();
  await dialog.getByRole('textbox', { name: '选项 2' }).fill('招标');
  await dialog.getByRole('textbox', { name: '选项 2' }).press('Enter');
  await dialog.getByRole('textbox', { name: '选项 3' }).fill('密码');
  await shot(page, '04-new-field');
  await dialog.getByRole('button', { name: '添加', exact: true }).click();
  await expect(fields).toHaveCount(12);
  await expect(fields.last()).toContainText('多选：法律、招标、密码');

  const order = async () => (await fields.evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')))).join();
  await fields.last().getByRole('button', { name: '上移“主题”' }).click();
  await expect.poll(order).toMatch(/主题,备注$/);
  await shot(page, '05-fields');
});

test('five files are uploaded and stand in the table, with what is missing', async () => {
  await page.goto(`/folders/${library}`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '上传文件', exact: true }).click();
  await (await chooser).setFiles(FILES.map(corpusFile));
  await expect(page.getByRole('region', { name: '上传进度' }).getByText('5 个文件已上传')).toBeVisible();
  await page.getByRole('region', { name: '上传进度' }).getByRole('button', { name: '关闭' }).click();
  await expect(row(page, 'zh-bidding-law.pdf')).toBeVisible();
  await expect.poll(async () => (await ask<{ total: number }>(page, `/search?in=${library}`)).total, { timeout: 60_000 }).toBe(5);
  await page.getByRole('link', { name: '档案', exact: true }).click();
  for (const name of NAMES) await expect(record(name)).toBeVisible();
  await expect(page.getByText('共 5 件')).toBeVisible();
  await expect(record('zh-bidding-law.pdf').getByText('未填').first()).toBeVisible();
  await shot(page, '06-records');
});

test('values are filled in beside the list, and wrong ones are told at their field', async () => {
  await openDetails('zh-bidding-law.pdf');
  await expect(details().getByText('还有 3 个必填字段未填：档号、年度、保管期限')).toBeVisible();
  await fillIn(field('档号'), 'A001-2017-0001');
  await field('年度').fill('二〇一七');
  await field('年度').press('Enter');
  await expect(details().getByText('请输入数字')).toBeVisible();
  await shot(page, '07-not-a-number');
  await fillIn(field('年度'), '２０１７');
  await expect(field('年度')).toHaveValue('2017');
  await fillIn(field('成文日期'), '2017年12月27日');
  await expect(field('成文日期')).toHaveValue('2017-12-27');
  await pick('保管期限', '永久');
  await pick('主题', '招标');
  await expect(details().getByText('必填字段未填')).toHaveCount(0);
  const tags = details().getByRole('combobox', { name: '标签' });
  await fillIn(tags, '现行有效');
  await expect(record('zh-bidding-law.pdf')).toContainText('A001-2017-0001');
  await expect(record('zh-bidding-law.pdf')).toContainText('现行有效');
  await shot(page, '08-filled-in');

  await openDetails('zh-archives-law-ocr-layer.pdf');
  await fillIn(field('档号'), 'A001-2017-0001');
  await expect(details().getByText('该值在本文库中已被其他文档使用')).toBeVisible();
  await shot(page, '09-number-taken');
  await fillIn(field('档号'), 'A001-2020-0002');
  await expect(details().getByText('该值在本文库中已被其他文档使用')).toHaveCount(0);
  await fillIn(field('年度'), '2020');
  await pick('保管期限', '30年');
  // The calendar, for those who would rather click.
  await details().getByRole('button', { name: '打开“成文日期”的日历' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /15/ }).first().click();
  await expect(field('成文日期')).toHaveValue(/-15$/);
  await details().getByRole('button', { name: '关闭详细信息' }).click();
});

test('arrows walk, the space bar chooses, Enter opens the details', async () => {
  await grid().focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByText('已选 2 件').first()).toBeVisible();
  await shot(page, '10-keyboard');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('toolbar', { name: '批量操作' })).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(details()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(details()).toHaveCount(0);
});

test('many are changed at once, and each that was not is told with its reason', async () => {
  await page.getByRole('checkbox', { name: '选择全部结果' }).click();
  await page.getByRole('button', { name: '批量编辑' }).click();
  const dialog = page.getByRole('dialog', { name: '批量编辑 5 件档案' });
  const author = dialog.getByRole('group', { name: '责任者' });
  await author.getByText('设为').click();
  await author.getByRole('textbox', { name: '责任者' }).fill('全国人民代表大会常务委员会');
  await author.getByRole('textbox', { name: '责任者' }).press('Enter');
  await dialog.getByRole('combobox', { name: '添加标签' }).fill('已数字化');
  await dialog.getByRole('combobox', { name: '添加标签' }).press('Enter');
  // No two documents have the same number: it cannot be given to all.
  await expect(dialog.getByRole('group', { name: '档号' })).toContainText('不可重复');
  await shot(page, '11-bulk-edit');
  await dialog.getByRole('button', { name: '应用到 5 件' }).click();
  await expect(dialog.getByText('5 件已完成')).toBeVisible();
  await shot(page, '12-bulk-done');
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  for (const name of NAMES) await expect(record(name)).toContainText('全国人民代表大会常务委员会');
  await page.getByRole('button', { name: '取消选择' }).click();
});

test('a table in GBK fills in fields; its wrong rows are told by number and left out', async () => {
  const table = [
    '文件名,档号,年度,保管期限,柜号',
    'zh-company-law-2023.docx,A001-2023-0003,2023,永久,3',
    'zh-cryptography-law.doc,A001-2019-0004,2019,30年,3',
    'zh-copyright-law-gbk.txt,A001-2020-0005,二〇二〇,10年,4',
    '没有这个文件.pdf,A001-2020-0006,2020,10年,4',
    'zh-bidding-law.pdf,A001-2017-0001,2017,永久,1',
  ].join('\r\n');
  // The encoding that Excel writes in Chinese.
  const gbk = execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GBK'], { input: table });
  await page.getByRole('button', { name: '导入' }).click();
  const dialog = page.getByRole('dialog', { name: '向“综合档案”导入字段' });
  await shot(page, '13-import');
  const chooser = page.waitForEvent('filechooser');
  await dialog.getByRole('button', { name: '选择文件' }).click();
  await (await chooser).setFiles({ name: '移交目录.csv', mimeType: 'text/csv', buffer: gbk });
  await choose(page, dialog.getByRole('combobox', { name: '按什么对应文档' }), '文件名');
  await dialog.getByRole('button', { name: '核对数据' }).click();
  const problems = dialog.getByRole('table', { name: '有问题的行' });
  await expect(problems.getByRole('row').filter({ hasText: '填写的内容与字段类型不符' })).toContainText(/^4\s*年度/);
  await expect(problems.getByRole('row').filter({ hasText: '没有找到对应的文档' })).toContainText(/^5/);
  await expect(dialog.getByText('1 列没有对应的字段')).toBeVisible();
  await shot(page, '14-import-check');
  expect((await ask<{ items: unknown[] }>(page, `/search?in=${library}&q=${encodeURIComponent('A001-2023-0003')}`)).items, 'nothing was written yet').toHaveLength(0);
  const go = dialog.getByRole('button', { name: '导入 2 行' });
  await expect(go).toBeDisabled();
  await dialog.getByLabel('跳过有问题的 2 行').check();
  await go.click();
  await expect(dialog.getByText('已修改 2 份文档')).toBeVisible();
  await shot(page, '15-imported');
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await expect(record('zh-company-law-2023.docx')).toContainText('A001-2023-0003');
  await expect(record('zh-copyright-law-gbk.txt')).toContainText('未填');
});

test('filters have counts, orders follow numbers, and the address remembers both', async () => {
  await page.reload();
  await filters().getByRole('checkbox', { name: '永久，2 件' }).check();
  await expect(page.getByText('共 2 件')).toBeVisible();
  await filters().getByRole('checkbox', { name: '30年，2 件' }).check();
  await expect(page.getByText('共 4 件')).toBeVisible();
  await grid().getByRole('button', { name: '年度', exact: true }).click();
  await expect.poll(names).toEqual(['zh-bidding-law.pdf', 'zh-cryptography-law.doc', 'zh-archives-law-ocr-layer.pdf', 'zh-company-law-2023.docx']);
  await expect(grid().getByRole('columnheader', { name: /^年度/ })).toHaveAttribute('aria-sort', 'ascending');
  await grid().getByRole('button', { name: '年度', exact: true }).click();
  await expect.poll(async () => (await names())[0]).toBe('zh-company-law-2023.docx');
  await shot(page, '16-filtered-and-sorted');
  await page.reload();
  await expect.poll(names).toEqual(['zh-company-law-2023.docx', 'zh-archives-law-ocr-layer.pdf', 'zh-cryptography-law.doc', 'zh-bidding-law.pdf']);
});

test('columns are chosen and stay chosen; a filter gets a name and comes back with them', async () => {
  await page.getByRole('button', { name: '列', exact: true }).click();
  await page.getByRole('checkbox', { name: '密级', exact: true }).check();
  await page.getByRole('checkbox', { name: '文件编号', exact: true }).uncheck();
  await shot(page, '17-columns');
  await page.keyboard.press('Escape');
  await expect(grid().getByRole('columnheader', { name: /^密级/ })).toBeVisible();
  await page.getByRole('button', { name: '常用筛选' }).click();
  await page.getByRole('menuitem', { name: '保存当前筛选…' }).click();
  await page.getByRole('dialog', { name: '保存筛选' }).getByLabel('筛选名称').fill('长期保管');
  await page.getByRole('dialog', { name: '保存筛选' }).getByRole('button', { name: '保存' }).click();
  await expect(page.getByText('已保存筛选“长期保管”')).toBeVisible();
  await page.getByRole('button', { name: '清除筛选' }).click();
  await expect(page.getByText('共 5 件')).toBeVisible();
  await page.reload();
  await expect(grid().getByRole('columnheader', { name: /^密级/ })).toBeVisible();
  await page.getByRole('button', { name: '常用筛选' }).click();
  await shot(page, '18-saved-filters');
  await page.getByRole('menuitem', { name: '长期保管' }).click();
  await expect(page.getByText('共 4 件')).toBeVisible();
  await expect.poll(names).toEqual(['zh-company-law-2023.docx', 'zh-archives-law-ocr-layer.pdf', 'zh-cryptography-law.doc', 'zh-bidding-law.pdf']);
});

test('the list is taken along as a workbook and as CSV', async () => {
  const take = async (kind: RegExp) => {
    await page.getByRole('button', { name: '导出' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: kind }).click();
    return readFileSync(await (await download).path());
  };
  const workbook = await take(/Excel/);
  expect(workbook.subarray(0, 2).toString()).toBe('PK');
  const csv = await take(/CSV/);
  expect([...csv.subarray(0, 3)], 'the mark by which Excel knows UTF-8').toEqual([0xef, 0xbb, 0xbf]);
  const lines = csv.toString('utf8').slice(1).trim().split('\r\n');
  expect(lines[0]).toContain('档号');
  expect(lines).toHaveLength(5);
  expect(lines[1]).toContain('zh-company-law-2023.docx');
  expect(lines[1]).toContain('A001-2023-0003');
  expect(csv.toString()).not.toContain('zh-copyright-law-gbk.txt');
});

test('an option that is renamed or removed takes its documents along', async () => {
  await page.goto(`/folders/${library}/fields`);
  await page.getByRole('button', { name: '保管期限 的操作' }).click();
  await page.getByRole('menuitem', { name: '编辑' }).click();
  const dialog = page.getByRole('dialog', { name: '编辑字段“保管期限”' });
  await dialog.getByRole('textbox', { name: '选项 2' }).fill('定期30年');
  await expect(dialog.getByText('2 份文档会一起改名')).toBeVisible();
  await dialog.getByRole('button', { name: '删除选项“永久”' }).click();
  await expect(dialog.getByText('2 份文档正在使用“永久”')).toBeVisible();
  await choose(page, dialog.getByRole('combobox', { name: '“永久”改为' }), '定期30年');
  await shot(page, '19-options');
  await dialog.getByRole('button', { name: '保存' }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('link', { name: '查看档案' }).click();
  await expect(filters().getByRole('checkbox', { name: '定期30年，4 件' })).toBeVisible();
  await expect(record('zh-bidding-law.pdf')).toContainText('定期30年');
});

test('the details stand beside the pages of a file', async () => {
  await record('zh-bidding-law.pdf').getByRole('link').click();
  await page.getByRole('button', { name: '详细信息' }).click();
  await expect(field('档号')).toHaveValue('A001-2017-0001');
  await expect(page.locator('[data-page="1"] img')).toBeVisible({ timeout: 120_000 });
  await fillIn(field('备注'), '原件存三楼库房');
  await shot(page, '20-details-beside-pages');
  await page.reload();
  await page.getByRole('button', { name: '详细信息' }).click();
  await expect(field('备注')).toHaveValue('原件存三楼库房');
});

test('who only reads sees the values and changes none', async ({ browser, server }, info) => {
  await ask(page, '/users', { method: 'POST', data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password } });
  const { items } = await ask<{ items: { id: string; name: string }[] }>(page, '/users');
  const lina = items.find((one) => one.name === COLLEAGUE.name)!;
  const granted = await page.request.put(`/api/v1/folders/${library}/grants/user/${lina.id}`, { data: { role: 'reader' } });
  expect(granted.ok()).toBe(true);
  const reader = await (await newVisitor(browser, server, info)).newPage();
  await reader.setViewportSize({ width: 1440, height: 900 });
  await signIn(reader, COLLEAGUE);
  await reader.goto(`/folders/${library}/records`);
  const line = reader.getByRole('grid').getByRole('row').filter({ hasText: 'zh-bidding-law.pdf' });
  await line.getByRole('gridcell').nth(2).click();
  const beside = reader.getByRole('complementary', { name: '详细信息' });
  await expect(beside.getByRole('textbox', { name: '档号' })).toHaveValue('A001-2017-0001');
  await expect(beside.getByRole('textbox', { name: '档号' })).toHaveAttribute('readonly');
  await expect(beside.getByRole('textbox', { name: '成文日期' })).toHaveAttribute('readonly');
  await expect(reader.getByRole('button', { name: '导入' })).toHaveCount(0);
  await expect(reader.getByRole('link', { name: '字段' })).toHaveCount(0);
  await shot(reader, '21-reader');
  await reader.context().close();
});

test('several files of a folder are tagged and moved together', async () => {
  await page.goto(`/folders/${library}`);
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '新建文件夹' }).click();
  await page.getByRole('dialog').getByLabel('文件夹名称').fill('法律文本');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).click();
  await expect(row(page, '法律文本')).toBeVisible();
  for (const name of ['zh-bidding-law.pdf', 'zh-cryptography-law.doc']) {
    await row(page, name).hover();
    await row(page, name).getByRole('checkbox').click();
  }
  await expect(page.getByText('已选 2 件')).toBeVisible();
  await shot(page, '22-files-chosen');
  await page.getByRole('toolbar', { name: '批量操作' }).getByRole('button', { name: '移动' }).click();
  const target = page.getByRole('dialog', { name: '移动所选 2 件' });
  await target.getByRole('button', { name: '展开 综合档案' }).click();
  await target.getByRole('treeitem', { name: '法律文本' }).getByRole('button', { name: '法律文本', exact: true }).click();
  await target.getByRole('button', { name: '移动到“法律文本”' }).click();
  const done = page.getByRole('dialog', { name: '将 2 件移动到“法律文本”' });
  await expect(done.getByText('2 件已完成')).toBeVisible();
  await shot(page, '23-files-moved');
  await done.getByRole('button', { name: '关闭' }).last().click();
  await expect(row(page, 'zh-bidding-law.pdf')).toHaveCount(0);
  await row(page, '法律文本').getByRole('link').click();
  await expect(row(page, 'zh-bidding-law.pdf')).toBeVisible();
});
