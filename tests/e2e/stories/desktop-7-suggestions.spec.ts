// Can a change be proposed, seen by everybody and decided? Suggestions of two people in two browsers, and an input method.
import type { CDPSession, Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, expectSaved, newVisitor, OUTSIDER, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'suggestions' });

let chief: Page;
let colleague: Page;
let reader: Page;
let pageId: string;

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });
const panel = (page: Page): Locator => page.getByRole('complementary', { name: '侧栏' });
const items = (page: Page): Locator => panel(page).getByRole('article');
const tool = (page: Page, name: string): Locator => page.getByRole('toolbar', { name: '格式' }).getByRole('button', { name, exact: true });

async function openPanel(page: Page, name: string): Promise<void> {
  const button = page.locator('[data-editor-head]').getByRole('button', { name, exact: true });
  if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
}

async function selectWords(page: Page, words: string): Promise<void> {
  const box = await text(page).evaluate((element, words) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.textContent!.indexOf(words);
      if (at < 0) continue;
      const found = document.createRange();
      found.setStart(node, at);
      found.setEnd(node, at + words.length);
      const { left, right, top, bottom } = found.getBoundingClientRect();
      return { left, right, y: (top + bottom) / 2 };
    }
    throw new Error(`no ${words}`);
  }, words);
  await page.mouse.move(box.left + 1, box.y);
  await page.mouse.down();
  await page.mouse.move((box.left + box.right) / 2, box.y, { steps: 3 });
  await page.mouse.move(box.right - 1, box.y, { steps: 3 });
  await page.mouse.up();
}

/** The text with `{-deleted-}` and `{+inserted+}`, without carets; one string for each block. */
function written(page: Page): Promise<string[]> {
  return text(page).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('[class*=collaboration-carets]').forEach((caret) => {
      if (!caret.classList.contains('collaboration-carets__selection')) caret.remove();
    });
    copy.querySelectorAll('del').forEach((del) => del.replaceWith(`{-${del.textContent}-}`));
    copy.querySelectorAll('ins').forEach((ins) => ins.replaceWith(`{+${ins.textContent}+}`));
    return [...copy.children].map((child) => {
      const border = child.hasAttribute('data-insertion-border') ? '{+¶}' : child.hasAttribute('data-deletion-border') ? '{-¶}' : '';
      return border + (child.textContent ?? '').replaceAll('+}{+', '').replaceAll('-}{-', '');
    });
  });
}

async function expectWritten(expected: string[]): Promise<void> {
  for (const page of [chief, colleague]) await expect.poll(() => written(page)).toEqual(expected);
}

test.beforeAll(async ({ browser, server }, info) => {
  chief = await (await newVisitor(browser, server, info)).newPage();
  colleague = await (await newVisitor(browser, server, info)).newPage();
  reader = await (await newVisitor(browser, server, info)).newPage();
  await signIn(chief, ADMIN);
  const library = await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '办公室' } });
  for (const [person, role] of [[COLLEAGUE, 'editor'], [OUTSIDER, 'reader']] as const) {
    const data = { name: person.name, display_name: person.display, password: person.password };
    const user = await ask<{ id: string }>(chief, '/users', { method: 'POST', data });
    const given = await chief.request.put(`/api/v1/folders/${library.id}/grants/user/${user.id}`, { data: { role } });
    expect(given.ok()).toBe(true);
  }
  const made = await ask<{ id: string }>(chief, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: '会议纪要' } });
  pageId = made.id;
  await signIn(colleague, COLLEAGUE);
  await signIn(reader, OUTSIDER);
  await chief.goto(`/documents/${pageId}`);
  await expect(text(chief)).toHaveAttribute('contenteditable', 'true');
  await text(chief).click();
  await chief.keyboard.type('会议定于周三上午召开。');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('请各部门准备材料。');
  await expectSaved(chief);
  await colleague.goto(`/documents/${pageId}`);
  await expect(text(colleague)).toContainText('准备材料');
});

test('replacing, deleting, adding and splitting become suggestions that both see', async () => {
  await tool(colleague, '修订模式').click();
  await expect(tool(colleague, '修订模式')).toHaveAttribute('aria-pressed', 'true');
  await selectWords(colleague, '周三上午');
  await colleague.keyboard.type('周四');
  await expectWritten(['会议定于{-周三上午-}{+周四+}召开。', '请各部门准备材料。']);
  await selectWords(colleague, '各部门');
  await colleague.keyboard.press('Backspace');
  await expectWritten(['会议定于{-周三上午-}{+周四+}召开。', '请{-各部门-}准备材料。']);
  await text(colleague).getByText('准备材料').click();
  await colleague.keyboard.press('End');
  await colleague.keyboard.press('Enter');
  await colleague.keyboard.type('会后聚餐。');
  await colleague.keyboard.press('Backspace');
  await colleague.keyboard.press('Backspace');
  await colleague.keyboard.type('餐！');
  await expectWritten(['会议定于{-周三上午-}{+周四+}召开。', '请{-各部门-}准备材料。', '{+¶}{+会后聚餐！+}']);
  await expectSaved(colleague);
  await openPanel(chief, '修订');
  await expect(items(chief)).toHaveCount(3);
  await expect(items(chief).first()).toContainText('替换周三上午 → 周四');
  await expect(items(chief).first()).toContainText('李娜');
  await shot(chief, '50-suggestions');
});

test('a reader sees them, and reads the text as it was or would be', async () => {
  await reader.goto(`/documents/${pageId}`);
  await openPanel(reader, '修订');
  await expect(items(reader)).toHaveCount(3);
  await expect(items(reader).getByRole('button')).toHaveCount(0);
  await reader.addStyleTag({ content: '.collaboration-carets__caret { display: none !important }' });
  const visible = () => text(reader).evaluate((element) => (element as HTMLElement).innerText.replace(/\n+/g, '\n').trim());
  await panel(reader).getByText('最终稿', { exact: true }).click();
  await expect.poll(visible).toBe('会议定于周四召开。\n请准备材料。\n会后聚餐！');
  await panel(reader).getByText('原文', { exact: true }).click();
  await expect.poll(visible).toBe('会议定于周三上午召开。\n请各部门准备材料。');
  await shot(reader, '51-original');
});

test('decided one by one, from the card at the words and from the list; undo takes a decision back', async () => {
  await text(chief).locator('ins', { hasText: '周四' }).hover();
  const card = chief.getByRole('dialog', { name: '李娜 的修订' });
  await expect(card).toContainText('周三上午 → 周四');
  await shot(chief, '52-card');
  await card.getByRole('button', { name: '接受' }).click();
  await expectWritten(['会议定于周四召开。', '请{-各部门-}准备材料。', '{+¶}{+会后聚餐！+}']);
  await items(chief).filter({ hasText: '会后聚餐' }).getByRole('button', { name: '拒绝' }).click();
  await expectWritten(['会议定于周四召开。', '请{-各部门-}准备材料。']);
  await text(chief).click();
  await chief.keyboard.press('Control+z');
  await expectWritten(['会议定于周四召开。', '请{-各部门-}准备材料。', '{+¶}{+会后聚餐！+}']);
  await chief.keyboard.press('Control+z');
  await expectWritten(['会议定于{-周三上午-}{+周四+}召开。', '请{-各部门-}准备材料。', '{+¶}{+会后聚餐！+}']);
});

test('two suggest at once, and all is accepted together', async () => {
  await tool(chief, '修订模式').click();
  await text(colleague).getByText('会后聚餐！').click();
  await colleague.keyboard.press('End');
  await selectWords(chief, '会议');
  // The editors hear of the new cursors a moment later; nobody types faster.
  await colleague.waitForTimeout(200);
  await Promise.all([chief.keyboard.type('例会', { delay: 30 }), colleague.keyboard.type('自愿参加。', { delay: 30 })]);
  await expectWritten(['{-会议-}{+例会+}定于{-周三上午-}{+周四+}召开。', '请{-各部门-}准备材料。', '{+¶}{+会后聚餐！自愿参加。+}']);
  await shot(colleague, '53-two-authors');
  await panel(chief).getByRole('button', { name: '全部接受' }).click();
  await expectWritten(['例会定于周四召开。', '请准备材料。', '会后聚餐！自愿参加。']);
  await expect(items(chief)).toHaveCount(0);
});

/** Writes with an input method, as Chromium's own tests do: letters, then the chosen characters. */
async function compose(cdp: CDPSession, steps: string[], chosen: string): Promise<void> {
  for (const step of steps) await cdp.send('Input.imeSetComposition', { text: step, selectionStart: step.length, selectionEnd: step.length });
  await cdp.send('Input.insertText', { text: chosen });
}

test('an input method writes suggestions, also over a selection and while a colleague types', async () => {
  const cdp = await colleague.context().newCDPSession(colleague);
  await text(colleague).getByText('例会定于').click();
  await colleague.keyboard.press('End');
  await compose(cdp, ['q', 'qi', 'qing', 'qing zhun', 'qing zhun shi'], '请准时');
  await expectWritten(['例会定于周四召开。{+请准时+}', '请准备材料。', '会后聚餐！自愿参加。']);
  await compose(cdp, ['c', 'can', 'can jia'], '参加');
  await expectWritten(['例会定于周四召开。{+请准时参加+}', '请准备材料。', '会后聚餐！自愿参加。']);

  await selectWords(colleague, '周四');
  await compose(cdp, ['z', 'zhou', 'zhou wu'], '周五');
  await expectWritten(['例会定于{+周五+}{-周四-}召开。{+请准时参加+}', '请准备材料。', '会后聚餐！自愿参加。']);

  // A colleague writes in the same paragraph while the word is being composed.
  await tool(chief, '修订模式').click();
  await text(colleague).getByText('请准备材料').click();
  await colleague.keyboard.press('End');
  await cdp.send('Input.imeSetComposition', { text: 'ming', selectionStart: 4, selectionEnd: 4 });
  await text(chief).getByText('请准备材料').click();
  await chief.keyboard.press('Home');
  await chief.keyboard.type('另，');
  await expectSaved(chief);
  await cdp.send('Input.imeSetComposition', { text: 'ming tian', selectionStart: 9, selectionEnd: 9 });
  await cdp.send('Input.insertText', { text: '明天' });
  await expectWritten(['例会定于{+周五+}{-周四-}召开。{+请准时参加+}', '另，请准备材料。{+明天+}', '会后聚餐！自愿参加。']);
  await shot(colleague, '54-composed');
});

test('paragraphs that are deleted together are joined when that is accepted', async () => {
  await text(colleague).getByText('会后聚餐').click();
  await colleague.keyboard.press('Home');
  await colleague.waitForTimeout(200);
  await colleague.keyboard.press('Backspace');
  await expectWritten(['例会定于{+周五+}{-周四-}召开。{+请准时参加+}', '另，请准备材料。{+明天+}', '{-¶}会后聚餐！自愿参加。']);
  await items(chief).filter({ hasText: '¶' }).getByRole('button', { name: '接受' }).click();
  await expectWritten(['例会定于{+周五+}{-周四-}召开。{+请准时参加+}', '另，请准备材料。{+明天+}会后聚餐！自愿参加。']);
  await panel(chief).getByRole('button', { name: '全部拒绝' }).click();
  await expectWritten(['例会定于周四召开。', '另，请准备材料。会后聚餐！自愿参加。']);
  await expectSaved(chief);
});
