// Can two people write a page together, and is what they are told about saving true? Step 7.
import type { Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, expectSaved, newVisitor, search, shot, signIn, state, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'together' });

let chief: Page;
let colleague: Page;
let address: string;

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });
const tool = (page: Page, name: string): Locator => page.getByRole('toolbar', { name: '格式' }).getByRole('button', { name, exact: true });

/** Writes at the end of the text, as a new paragraph. */
async function writeParagraph(page: Page, words: string): Promise<void> {
  await text(page).locator(':scope > *').last().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Enter');
  await page.keyboard.type(words);
}

test.beforeAll(async ({ browser, server }, info) => {
  chief = await (await newVisitor(browser, server, info)).newPage();
  colleague = await (await newVisitor(browser, server, info)).newPage();
  await signIn(chief, ADMIN);
  const user = await ask<{ id: string }>(chief, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  const library = await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '项目组' } });
  const given = await chief.request.put(`/api/v1/folders/${library.id}/grants/user/${user.id}`, { data: { role: 'editor' } });
  expect(given.ok()).toBe(true);
  await signIn(colleague, COLLEAGUE);
  await chief.goto(`/folders/${library.id}`);
});

test('a page is created and written with headings, lists, a table, a link and a picture', async () => {
  await chief.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await chief.getByRole('menuitem', { name: '新建在线文档' }).click();
  await chief.getByRole('dialog').getByLabel('文档名称').fill('试点方案');
  await chief.getByRole('dialog').getByRole('button', { name: '新建' }).click();
  await expect(text(chief)).toBeVisible();
  await expect(text(chief)).toBeEditable();
  address = chief.url();

  await text(chief).click();
  await chief.getByRole('combobox', { name: '样式' }).click();
  await chief.getByRole('option', { name: '标题 1' }).click();
  await chief.keyboard.type('协同编辑试点方案');
  await expect(text(chief).getByRole('heading', { name: '协同编辑试点方案', level: 1 })).toBeVisible();
  await chief.keyboard.press('Enter');
  await tool(chief, '项目符号列表').click();
  await chief.keyboard.type('第一项');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('第二项');
  await expect(text(chief).getByRole('listitem')).toHaveCount(2);
  await chief.keyboard.press('Enter');
  await chief.keyboard.press('Enter');

  await tool(chief, '链接').click();
  await chief.getByLabel('链接地址').fill('https://example.org/plan');
  await chief.getByRole('button', { name: '确定' }).click();
  await expect(text(chief).locator('a[href="https://example.org/plan"]')).toBeVisible();
  await chief.keyboard.press('Enter');

  await tool(chief, '表格').click();
  await chief.getByRole('button', { name: '3 行 3 列' }).click();
  await expect(text(chief).getByRole('table').getByRole('row')).toHaveCount(3);
  await chief.keyboard.type('部门');
  await chief.keyboard.press('Tab');
  await chief.keyboard.type('负责人');

  const chooser = chief.waitForEvent('filechooser');
  await text(chief).locator(':scope > *').last().click();
  await tool(chief, '图片').click();
  await (await chooser).setFiles({ name: '截图.png', mimeType: 'image/png', buffer: await chief.screenshot({ clip: { x: 0, y: 0, width: 240, height: 60 } }) });
  const picture = text(chief).locator('img[src*="/content"]');
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(240);
  await expectSaved(chief);
  await shot(chief, '30-page-written');
});

test('the other browser shows the same, who is there and where they write', async () => {
  await colleague.goto(address);
  await expect(text(colleague).getByRole('heading', { name: '协同编辑试点方案' })).toBeVisible();
  await expect(text(colleague).getByRole('cell', { name: '负责人' }).or(text(colleague).getByRole('columnheader', { name: '负责人' }))).toBeVisible();
  await writeParagraph(colleague, '李娜补充的一段。');
  await expect(text(chief)).toContainText('李娜补充的一段。');
  await expect(text(chief).locator('.collaboration-carets__label')).toHaveText(COLLEAGUE.display);
  await expect(chief.getByRole('group', { name: '1 位同事在线' })).toBeVisible();
  await shot(chief, '31-other-caret');

  // Undo takes back one's own words only.
  await writeParagraph(chief, '这句会被撤销。');
  await expect(text(colleague)).toContainText('这句会被撤销。');
  await tool(chief, '撤销').click();
  await expect(text(colleague)).not.toContainText('这句会被撤销。');
  await expect(text(chief)).toContainText('李娜补充的一段。');
  await expectSaved(chief);
  await expectSaved(colleague);
});

test('without the network both go on, and afterwards both have everything', async () => {
  await colleague.context().setOffline(true);
  await expect(state(colleague)).toHaveAttribute('data-state', 'offline');
  await writeParagraph(colleague, '断网时李娜写的。');
  await expect(state(colleague)).toContainText('离线 · 有内容待上传');
  await shot(colleague, '32-offline');
  await writeParagraph(chief, '同时主任写的。');
  await expectSaved(chief);
  await expect(text(colleague)).not.toContainText('同时主任写的。');
  await colleague.context().setOffline(false);
  for (const page of [chief, colleague]) {
    await expect(text(page)).toContainText('断网时李娜写的。');
    await expect(text(page)).toContainText('同时主任写的。');
    await expectSaved(page);
  }
  expect(await words(chief)).toEqual(await words(colleague));
});

/** What stands in the text, without the carets of others. */
function words(page: Page): Promise<string[]> {
  return text(page).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('.collaboration-carets__caret, .collaboration-carets__selection-label').forEach((caret) => caret.remove());
    return [...copy.children].map((child) => child.textContent ?? '');
  });
}

/** Notes in the page what its text was whenever it was called saved. */
function rememberSaved(page: Page): Promise<void> {
  return page.evaluate(() => {
    const state = document.querySelector('[role=status][data-state]')!;
    const text = document.querySelector('.tiptap')!;
    const remember = () => {
      if (state.getAttribute('data-state') === 'saved') document.body.dataset.saved = text.textContent ?? '';
    };
    new MutationObserver(remember).observe(state, { attributes: true });
    remember();
  });
}

test('killing the server loses nothing that was called saved or was seen by the other', async ({ server }) => {
  await writeParagraph(chief, '开始：');
  await rememberSaved(chief);
  const written = Array.from({ length: 60 }, (_, index) => `〈${index}〉`);
  const typing = (async () => {
    for (const word of written) {
      await chief.keyboard.type(word, { delay: 4 });
      if (word === '〈5〉') await expectSaved(chief);
    }
  })();
  // In the middle of it, when the other has seen some.
  await expect(text(colleague)).toContainText('〈15〉');
  await server.kill('SIGKILL');
  const seen = (await words(colleague)).join('\n');
  await typing;
  const saved = await chief.evaluate(() => document.body.dataset.saved ?? '');
  expect(saved).toContain('〈5〉');
  await expect(state(chief)).toHaveAttribute('data-state', 'offline');
  await shot(chief, '33-server-killed');

  // What the server itself kept, before the browsers give it back what they have: a third one asks it alone.
  await chief.context().setOffline(true);
  await colleague.context().setOffline(true);
  await server.start();
  const third = await colleague.context().browser()!.newContext({ baseURL: server.url, locale: 'zh-CN' });
  const reader = await third.newPage();
  await signIn(reader, COLLEAGUE);
  await reader.goto(address);
  await expect(text(reader)).toContainText('开始：');
  const kept = (await words(reader)).join('\n');
  for (const word of written) {
    if (seen.includes(word)) expect(kept, 'seen by the other').toContain(word);
    if (saved.includes(word)) expect(kept, 'called saved').toContain(word);
  }
  expect(seen).toContain('〈15〉');
  await third.close();

  await chief.context().setOffline(false);
  await colleague.context().setOffline(false);
  await expect(text(colleague)).toContainText('〈59〉', { timeout: 60_000 });
  await expectSaved(chief);
  await expectSaved(colleague);
  expect(await words(chief)).toEqual(await words(colleague));
  await shot(chief, '34-back-again');
});

test('the page is found by search within seconds', async () => {
  await writeParagraph(chief, '琅琊榜首江左梅郎');
  await expectSaved(chief);
  await expect
    .poll(async () => (await ask<{ total: number }>(colleague, `/search?q=${encodeURIComponent('江左梅郎')}`)).total, { timeout: 60_000 })
    .toBe(1);
  const hit = await search(colleague, '江左梅郎');
  await expect(hit.getByRole('link', { name: '试点方案' })).toBeVisible();
  await expect(hit.locator('mark')).toHaveText('江左梅郎');
  await shot(colleague, '35-page-found');
  await hit.getByRole('link', { name: '试点方案' }).click();
  await expect(text(colleague)).toContainText('琅琊榜首江左梅郎');
});

test('a version is saved, opened and restored', async () => {
  await chief.getByRole('button', { name: '版本历史' }).click();
  const history = chief.getByRole('dialog', { name: '版本历史' });
  await history.getByLabel('版本说明').fill('第一稿');
  await history.getByRole('button', { name: '保存为版本' }).click();
  const versions = history.getByRole('listitem');
  await expect(versions.first()).toContainText('第一稿');
  const number = /版本 (\d+)/.exec(await versions.first().innerText())![1]!;
  await shot(chief, '36-version-saved');
  await history.getByRole('button', { name: '关闭' }).click();

  await text(chief).click();
  await chief.keyboard.press('Control+A');
  await chief.keyboard.press('Delete');
  await chief.keyboard.type('全部重写。');
  await expect(text(colleague)).toContainText('全部重写。');
  await expect(text(colleague)).not.toContainText('协同编辑试点方案');
  await expectSaved(chief);

  await chief.getByRole('button', { name: '版本历史' }).click();
  await history.getByRole('button', { name: `恢复版本 ${number}` }).click();
  await chief.getByRole('dialog', { name: `恢复到版本 ${number}？` }).getByRole('button', { name: '恢复' }).click();
  await expect(chief.getByText(/已恢复，新增版本/)).toBeVisible();
  await history.getByRole('button', { name: '关闭' }).click();
  for (const page of [chief, colleague]) {
    await expect(text(page).getByRole('heading', { name: '协同编辑试点方案' })).toBeVisible();
    await expect(text(page)).toContainText('琅琊榜首江左梅郎');
    await expect(text(page)).not.toContainText('全部重写。');
  }
  await shot(colleague, '37-version-restored');
});
