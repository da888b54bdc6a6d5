// Does a clerk find the one page again? Traditional for simplified, hits in a book of 558 pages, facets, time, saved searches.
import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { corpusFile } from '../support/corpus.ts';
import { readPictureUnder, wordsUnderMarks } from '../support/marks.ts';
import { ADMIN, ask, COLLEAGUE, expect, expectPageDrawn, newVisitor, search, shot, signIn, test } from '../support/story.ts';
import { joinAsProgram } from '../support/yjs.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'search' });

let clerk: Page;
let chief: Page;

const BOOK = 'zh-law-compilation.pdf';
/** What the clerk may read, each with the month of its last change. */
const FILES: [file: string, month: string][] = [
  [`pdf/text/${BOOK}`, '2024-03'],
  ['pdf/text/zh-bidding-law.pdf', '2024-03'],
  ['office/docx/zh-company-law-2023.docx', '2024-05'],
  ['office/docx/en-hotshot-standards.docx', '2024-08'],
  ['office/odt/zh-personal-information-law.odt', '2024-08'],
  ['office/txt/zh-copyright-law-gbk.txt', '2024-11'],
];
const HIDDEN = 'office/pptx/zh-data-security-law.pptx';

async function upload(library: string, file: string, name = path.basename(file)): Promise<string> {
  const bytes = readFileSync(corpusFile(file));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const answer = await chief.request.post('/api/v1/uploads', {
    data: bytes,
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'content-type': 'application/offset+octet-stream',
      'upload-metadata': `filename ${base64(name)},folder_id ${base64(library)}`,
    },
  });
  expect(answer.status(), file).toBe(201);
  return answer.headers()['wenshu-document-id']!;
}

const total = async (page: Page, q: string) => (await ask<{ total: number }>(page, `/search?q=${encodeURIComponent(q)}`)).total;
const results = () => clerk.getByRole('list', { name: '搜索结果' }).getByRole('listitem');
const hit = (name: string) => results().filter({ has: clerk.getByRole('link', { name, exact: true }) });
const find = () => clerk.getByRole('search', { name: '在文档中查找' });

test.beforeAll(async ({ browser, server }, info) => {
  test.setTimeout(600_000);
  chief = await (await newVisitor(browser, server, info)).newPage();
  clerk = await (await newVisitor(browser, server, info)).newPage();
  await signIn(chief, ADMIN);
  const user = await ask<{ id: string }>(chief, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  const [laws, closed] = await Promise.all(
    ['法规档案', '内部资料'].map((name) => ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name } })),
  );
  await chief.request.put(`/api/v1/folders/${laws!.id}/grants/user/${user.id}`, { data: { role: 'editor' } });
  const months = new Map<string, string>();
  for (const [file, month] of FILES) months.set(await upload(laws!.id, file), month);
  await upload(closed!.id, HIDDEN);
  const states = async () => {
    const { documents } = await ask<{ documents: { processing: { state: string } }[] }>(chief, `/folders/${laws!.id}/children?limit=100`);
    return documents.map((one) => one.processing.state);
  };
  await expect.poll(states, { timeout: 400_000, intervals: [2_000] }).toEqual(FILES.map(() => 'ready'));
  // Archives grow over years; a story has minutes. The times of last change are put back, and the index built from them.
  const moved = [...months].map(([id, month]) => [Date.parse(`${month}-15T10:00:00+08:00`), id]);
  const script = 'import json,sqlite3,sys\ndb=sqlite3.connect(sys.argv[1],timeout=20)\ndb.executemany("update documents set updated_at=? where id=?",json.loads(sys.argv[2]))\ndb.commit()';
  execFileSync('python3', ['-c', script, path.join(server.data, 'wenshu.db'), JSON.stringify(moved)]);
  await chief.request.post('/api/v1/search/rebuild');
  await expect.poll(() => total(chief, 'after:2024-01 before:2025-01'), { timeout: 60_000 }).toBe(FILES.length);
  await signIn(clerk, COLLEAGUE);
});

test('a search in traditional characters finds simplified text, and nothing hidden', async () => {
  await search(clerk, '個人信息');
  await expect(hit('zh-personal-information-law.odt')).toBeVisible();
  await expect(hit('zh-personal-information-law.odt').locator('mark').first()).toHaveText('个人信息');
  await expect(clerk.getByText('zh-data-security-law.pptx')).toHaveCount(0);
  expect(await total(chief, '個人信息')).toBe((await total(clerk, '個人信息')) + 1);
  await shot(clerk, '60-search-traditional');
});

test('a hit opens at its page with the words marked where they are drawn', async () => {
  await search(clerk, '民事權利能力');
  await hit(BOOK).getByRole('link', { name: BOOK }).click();
  await expectPageDrawn(clerk, 99);
  const marks = clerk.locator('[data-page="99"] [data-mark]');
  await expect(marks.first()).toBeInViewport();
  await expect(clerk.locator('[data-current]')).toHaveAttribute('data-mark', '1');
  expect(await wordsUnderMarks(clerk, 99)).toEqual(['民事权利能力', '民事权利能力', '民事权利能力']);
  // Not the stored places but the picture says so.
  for (const number of [1, 2, 3]) expect(await readPictureUnder(clerk, 99, number)).toBe('民事权利能力');
  await shot(clerk, '61-search-hit');
});

test('the hits of 558 pages are stepped through by key and by page', async () => {
  const status = find().getByRole('status');
  const count = Number(/\/ (\d+)/.exec((await status.textContent()) ?? '')?.[1]);
  expect(count).toBeGreaterThan(5);
  for (let number = 2; number <= count; number += 1) {
    await clerk.keyboard.press('F3');
    await expect(status).toHaveText(`第 ${number} / ${count} 处`);
    await expect(clerk.locator(`[data-mark="${number}"][data-current]`).first()).toBeInViewport();
  }
  await clerk.keyboard.press('F3');
  await expect(status).toHaveText(`第 1 / ${count} 处`);
  await clerk.keyboard.press('Shift+F3');
  await expect(status).toHaveText(`第 ${count} / ${count} 处`);
  await find().getByRole('button', { name: '命中的页面' }).click();
  const pages = clerk.getByRole('list', { name: '命中的页面' });
  await expect(pages.getByRole('button').first()).toHaveText('第 99 页3 处');
  await shot(clerk, '62-search-hit-pages');
  await pages.getByRole('button').nth(1).click();
  await expect(status).toHaveText(`第 4 / ${count} 处`);
  await expect(clerk.locator('[data-mark="4"][data-current]')).toBeInViewport();
});

test('Ctrl+F finds in the whole document and not in what the browser holds', async () => {
  await clerk.keyboard.press('Control+f');
  const box = find().getByRole('textbox', { name: '查找内容' });
  await expect(box).toBeFocused();
  await clerk.keyboard.type('遗嘱人可以撤回');
  await clerk.keyboard.press('Enter');
  await expect(find().getByRole('status')).toHaveText('第 1 / 1 处');
  await expect(clerk.locator('[data-page="144"] [data-current]').first()).toBeInViewport();
  expect((await wordsUnderMarks(clerk, 144)).join('')).toBe('遗嘱人可以撤回');
  await shot(clerk, '63-search-in-document');
  await box.fill('此书没有这句话');
  await expect(find().getByRole('status')).toHaveText('没有找到');
  await clerk.keyboard.press('Escape');
  await expect(find()).toHaveCount(0);
  await expect(clerk.locator('[data-mark]')).toHaveCount(0);
});

test('values, a time and further words narrow the results; going back widens them', async () => {
  await search(clerk, 'the OR 法律');
  await expect(clerk.getByText(`共 ${FILES.length} 个结果`)).toBeVisible();
  const filters = clerk.getByRole('complementary', { name: '筛选' });
  await shot(clerk, '64-search-facets');
  await filters.getByRole('checkbox', { name: '文字文档' }).click();
  await expect(clerk.getByText('共 3 个结果')).toBeVisible();
  await filters.getByRole('checkbox', { name: 'PDF' }).click();
  await expect(clerk.getByText('共 5 个结果')).toBeVisible();

  // From March to May, dragged.
  const bar = (month: string) => filters.getByRole('button', { name: new RegExp(`^${month}：`) });
  await bar('2024-03').hover();
  await clerk.mouse.down();
  await bar('2024-05').hover();
  await clerk.mouse.up();
  await expect(clerk.getByText('时间：2024-03 至 2024-05')).toBeVisible();
  await expect(clerk.getByText('共 3 个结果')).toBeVisible();

  await clerk.getByRole('textbox', { name: '在结果中搜索' }).fill('招标人');
  await clerk.keyboard.press('Enter');
  await expect(clerk.getByText('结果中：招标人')).toBeVisible();
  await expect(clerk.getByText('共 2 个结果')).toBeVisible();
  await expect(hit('zh-bidding-law.pdf')).toBeVisible();
  await shot(clerk, '65-search-narrowed');

  await clerk.goBack();
  await expect(clerk.getByText('共 3 个结果')).toBeVisible();
  await clerk.goForward();
  await expect(results()).toHaveCount(2);
  await clerk.reload();
  await expect(results()).toHaveCount(2);
  await clerk.getByRole('button', { name: '移除“时间：2024-03 至 2024-05”' }).click();
  await clerk.getByRole('button', { name: '移除“类型：文字文档”' }).click();
  await expect(clerk.getByRole('group', { name: '筛选条件' })).toHaveText(/结果中：招标人.*类型：PDF/);
});

test('a search is saved, found again, renamed and deleted', async () => {
  await clerk.getByRole('button', { name: '已保存的搜索' }).click();
  await clerk.getByRole('menuitem', { name: '保存此搜索' }).click();
  await clerk.getByRole('dialog').getByLabel('名称').fill('招标 PDF');
  await clerk.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await expect(clerk.getByText('已保存“招标 PDF”')).toBeVisible();
  await clerk.goto('/search');
  await expect(clerk.getByRole('list', { name: '已保存的搜索' })).toContainText('招标 PDF');
  await expect(clerk.getByRole('list', { name: '最近搜索' })).toContainText('the OR 法律');
  await shot(clerk, '66-search-start');
  await clerk.getByRole('button', { name: '招标 PDF', exact: true }).click();
  await expect(hit('zh-bidding-law.pdf')).toBeVisible();
  await expect(clerk.getByText('类型：PDF')).toBeVisible();
  await clerk.getByRole('button', { name: '已保存的搜索' }).click();
  await shot(clerk, '67-search-saved');
  await clerk.getByRole('button', { name: '重命名：招标 PDF' }).click();
  await clerk.getByRole('dialog').getByLabel('名称').fill('招标法规');
  await clerk.getByRole('dialog').getByRole('button', { name: '重命名' }).click();
  await clerk.getByRole('button', { name: '已保存的搜索' }).click();
  await clerk.getByRole('button', { name: '删除：招标法规' }).click();
  await clerk.getByRole('dialog').getByRole('button', { name: '删除' }).click();
  await expect.poll(async () => (await ask<{ items: unknown[] }>(clerk, '/saved-searches')).items.length).toBe(0);
});

test('documents, people and earlier searches are offered by sound', async () => {
  const box = clerk.getByRole('searchbox', { name: '搜索文档' });
  await box.fill('');
  await box.pressSequentially('grxx', { delay: 30 });
  await expect(clerk.getByRole('option', { name: '個人信息' })).toBeVisible();
  await shot(clerk, '68-search-suggestions');
  await box.fill('msqlnl');
  await expect(clerk.getByRole('option', { name: '民事權利能力' })).toBeVisible();
  await clerk.keyboard.press('ArrowDown');
  // On a slow computer the next search is begun before the page of this one is drawn: it stays in the box.
  const slow = await clerk.context().newCDPSession(clerk);
  await slow.send('Emulation.setCPUThrottlingRate', { rate: 20 });
  await clerk.keyboard.press('Enter');
  await expect(clerk).toHaveURL(new RegExp(encodeURIComponent('民事權利能力')));
  await box.fill('admin');
  await slow.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await clerk.getByRole('option', { name: 'admin', exact: true }).click();
  await expect(clerk.getByText('更新人：admin')).toBeVisible();
  await box.click();
  await clerk.getByRole('button', { name: '删除搜索记录“個人信息”' }).click();
  await expect(clerk.getByRole('option', { name: '個人信息' })).toHaveCount(0);
});

test('a mistake is shown at its place, and help is at hand', async () => {
  await search(clerk, '合同 "协议');
  await expect(clerk.getByRole('alert').getByText('"协议')).toBeVisible();
  await expect(clerk.getByRole('alert')).toContainText('引号没有配对');
  await shot(clerk, '69-search-mistake');
  await clerk.getByRole('button', { name: '搜索帮助' }).click();
  await expect(clerk.getByRole('dialog', { name: '搜索帮助' })).toContainText('after:2024-01');
  await shot(clerk, '70-search-help');
  await clerk.keyboard.press('Escape');
});

test('similar documents are listed with the words they share', async () => {
  await search(clerk, '招标投标活动');
  await hit('zh-bidding-law.pdf').getByRole('button', { name: 'zh-bidding-law.pdf 的操作' }).click();
  await clerk.getByRole('menuitem', { name: '相似文档' }).click();
  const drawer = clerk.getByRole('dialog', { name: '与“zh-bidding-law.pdf”相似的文档' });
  await expect(drawer.getByRole('link', { name: BOOK })).toBeVisible();
  await expect(drawer).not.toContainText('zh-data-security-law');
  await shot(clerk, '71-search-similar');
  await clerk.keyboard.press('Escape');
});

test('a page that is written in the browser opens with the words marked', async ({ server }) => {
  const { items } = await ask<{ items: { id: string }[] }>(clerk, '/folders');
  const page = await ask<{ id: string }>(clerk, '/documents', { method: 'POST', data: { kind: 'page', folder_id: items[0]!.id, name: '值班安排' } });
  const program = await joinAsProgram(clerk, server.url, page.id);
  for (let line = 0; line < 60; line += 1) program.append('paragraph', `第 ${line} 行`);
  program.append('paragraph', '請於週五前提交檔案移交清冊。');
  await expect.poll(() => total(clerk, '档案移交清册'), { timeout: 60_000 }).toBe(1);
  program.close();
  await search(clerk, '档案移交清册');
  await hit('值班安排').getByRole('link', { name: '值班安排' }).click();
  await expect(clerk.locator('.found-current')).toHaveText('檔案移交清冊');
  await expect(clerk.locator('.found-current')).toBeInViewport();
  await shot(clerk, '72-search-page');
});
