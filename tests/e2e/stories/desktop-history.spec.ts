// Can two people see who wrote what when, and bring it back?
import type { Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, expectNoSidewaysScroll, expectSaved, newVisitor, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'history' });

let chief: Page;
let colleague: Page;
let page: { id: string };

const text = (on: Page): Locator => on.getByRole('textbox', { name: '正文' });
const shown = (on: Page): Locator => on.getByRole('article', { name: '文档内容' });
const line = (on: Page): Locator => on.getByRole('complementary', { name: '时间线' });
const slider = (on: Page): Locator => on.getByRole('slider', { name: '时刻' });
const view = (on: Page, name: string): Locator => on.getByRole('radiogroup', { name: '查看方式' }).getByText(name, { exact: true });

/** What stands in the text, block by block; not the empty ones. */
const blocks = (on: Page): Promise<string[]> =>
  text(on).evaluate((element) => [...element.children].map((child) => child.textContent ?? '').filter((words) => words !== ''));

/** Types at the end of the text, as a new paragraph. */
async function writeParagraph(on: Page, words: string): Promise<void> {
  await text(on).locator(':scope > *').last().click();
  await on.keyboard.press('Control+End');
  await on.keyboard.press('Enter');
  await on.keyboard.type(words);
  await expectSaved(on);
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
  page = await ask<{ id: string }>(chief, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: '试点通知' } });
});

test('two people write, and the timeline has both of them', async () => {
  await chief.goto(`/documents/${page.id}`);
  await expect(text(chief)).toBeEditable();
  await text(chief).click();
  await chief.keyboard.type('# 关于开展试点工作的通知');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('各部门要高度重视，认真组织实施。');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('试点时间为三个月。');
  await expectSaved(chief);
  await colleague.goto(`/documents/${page.id}`);
  await expect(text(colleague)).toContainText('三个月');
  await writeParagraph(colleague, '联系人：李娜，电话见通讯录。');
  await text(colleague).getByText('试点时间为三个月。').click();
  await colleague.keyboard.press('End');
  for (let times = 0; times < 4; times += 1) await colleague.keyboard.press('Backspace');
  await colleague.keyboard.type('半年。');
  await expectSaved(colleague);
  await expect(text(chief)).toContainText('试点时间为半年。');

  await chief.getByRole('button', { name: '版本历史' }).click();
  await chief.getByRole('link', { name: '查看修改历史' }).click();
  await expect(chief).toHaveURL(new RegExp(`/documents/${page.id}/history`));
  await expect(line(chief).getByRole('button', { name: COLLEAGUE.display }).first()).toBeVisible();
  await expect(line(chief)).toContainText('admin');
  await expect(shown(chief)).toContainText('联系人：李娜');
  await expect(line(chief).getByRole('region', { name: '现有内容的作者' })).toContainText(COLLEAGUE.display);
  await shot(chief, '50-history');
});

test('a moment is opened with the slider, by keys, and compared with now', async () => {
  await view(chief, '当时全文').click();
  await slider(chief).focus();
  const words = async () => (await shown(chief).innerText()).replaceAll('\n', '');
  await chief.keyboard.press('End');
  await expect(shown(chief)).toContainText('试点时间为半年。');
  // Back to where the colleague had written nothing.
  await expect(async () => {
    await chief.keyboard.press('ArrowLeft');
    expect(await words()).toBe('关于开展试点工作的通知各部门要高度重视，认真组织实施。试点时间为三个月。');
  }).toPass({ intervals: [150], timeout: 60_000 });
  await expect(shown(chief).locator('ins, del')).toHaveCount(0);
  await shot(chief, '51-moment');

  await view(chief, '与现在对比').click();
  await expect(shown(chief).locator('ins').filter({ hasText: '联系人：李娜' })).toBeVisible();
  await expect(shown(chief).locator('del')).toHaveText(/三个月/);
  await expect(shown(chief).locator('ins').filter({ hasText: '半年' })).toBeVisible();
  await shown(chief).locator('del').first().hover();
  const hint = chief.getByRole('tooltip');
  await expect(hint).toContainText(/admin · .* 写入/);
  await expect(hint).toContainText(new RegExp(`${COLLEAGUE.display} · .* 删除`));
  await shot(chief, '52-compared');
});

test('one paragraph is restored, in front of the colleague, and the rest stays', async () => {
  const paragraph = shown(chief).locator('[data-block]').filter({ hasText: '试点时间为' });
  await paragraph.getByRole('checkbox', { name: '选择此段' }).check();
  await shot(chief, '53-picked');
  await chief.getByRole('button', { name: '恢复所选 1 段' }).click();
  await expect(chief.getByText('已恢复 1 段')).toBeVisible();
  await expect(text(colleague)).toContainText('试点时间为三个月。');
  await expect(text(colleague)).not.toContainText('半年');
  await expect(text(colleague)).toContainText('联系人：李娜');
  await expect(shown(chief).locator('del')).toHaveCount(0);
});

test('the moment gets a name, which the drawer shows too', async () => {
  await chief.getByRole('button', { name: '为此刻命名' }).click();
  await chief.getByRole('dialog', { name: '为此刻命名' }).getByLabel('名称').fill('初稿');
  await chief.getByRole('dialog', { name: '为此刻命名' }).getByRole('button', { name: '保存' }).click();
  await expect(chief.getByText(/已保存为版本 \d+「初稿」/)).toBeVisible();
  const flag = line(chief).getByRole('button', { name: /^初稿 版本 \d+$/ });
  await expect(flag).toBeVisible();
  await line(chief).getByRole('button', { name: '重命名 初稿' }).click();
  const dialog = chief.getByRole('dialog', { name: '重命名版本' });
  await dialog.getByLabel('名称').fill('第一稿');
  await dialog.getByRole('button', { name: '保存' }).click();
  await expect(line(chief).getByRole('button', { name: /^第一稿 版本 \d+$/ })).toBeVisible();
  await shot(chief, '54-named');
});

test('the whole moment is restored, is in the history itself, and can be undone', async () => {
  await line(chief).getByRole('button', { name: /^第一稿 版本 \d+$/ }).click();
  await chief.getByRole('button', { name: '恢复到此刻' }).click();
  await chief.getByRole('dialog', { name: /^恢复到/ }).getByRole('button', { name: '恢复' }).click();
  await expect(chief.getByText(/^已恢复到 .* 的内容$/)).toBeVisible();
  const then = ['关于开展试点工作的通知', '各部门要高度重视，认真组织实施。', '试点时间为三个月。'];
  await expect.poll(() => blocks(colleague)).toEqual(then);
  await view(chief, '当时全文').click();
  await slider(chief).focus();
  // What was restored is a new moment, which comes in its time.
  await expect(async () => {
    await chief.keyboard.press('End');
    await expect(shown(chief)).not.toContainText('联系人', { timeout: 1000 });
  }).toPass();
  await shot(chief, '55-restored');
  await chief.getByRole('button', { name: '撤销' }).click();
  await expect(text(colleague)).toContainText('联系人：李娜');
  await chief.getByRole('link', { name: '返回文档' }).first().click();
  await expect(text(chief)).toContainText('联系人：李娜');
});

test('a reader is not shown what was deleted', async () => {
  const documents = await ask<{ folder_id: string }>(chief, `/documents/${page.id}`);
  const { id } = await ask<{ id: string }>(colleague, '/session').then(async () => (await ask<{ user: { id: string } }>(colleague, '/session')).user);
  await chief.request.put(`/api/v1/folders/${documents.folder_id}/grants/user/${id}`, { data: { role: 'reader' } });
  await colleague.goto(`/documents/${page.id}/history`);
  await expect(colleague.getByRole('alert')).toContainText('您没有查看修改历史的权限');
  await shot(colleague, '56-not-for-readers');
  await colleague.goto(`/documents/${page.id}?panel=versions`);
  await expect(colleague.getByRole('dialog', { name: '版本历史' })).toBeVisible();
  await expect(colleague.getByRole('link', { name: '查看修改历史' })).toHaveCount(0);
});

test('on a phone the same is at hand', async ({ browser, server }, info) => {
  info.project.use.viewport = { width: 390, height: 844 };
  const phone = await (await newVisitor(browser, server, info)).newPage();
  await signIn(phone, ADMIN);
  await phone.goto(`/documents/${page.id}/history?view=now&at=20`);
  await expect(shown(phone).locator('ins').first()).toBeVisible();
  await expectNoSidewaysScroll(phone);
  await shot(phone, '57-phone');
  await phone.getByRole('button', { name: '时间线' }).click();
  await expect(phone.getByRole('dialog', { name: '时间线' })).toContainText('第一稿');
  await shot(phone, '58-phone-timeline');
});
