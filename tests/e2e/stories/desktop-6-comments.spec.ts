// Do people who may not edit a page talk about it, and do changes wait for a decision? Comments and suggestions, step by step.
import type { Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, expectSaved, newVisitor, OUTSIDER, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'comments' });

let chief: Page;
/** May comment, not edit. */
let commenter: Page;
/** May edit. */
let editor: Page;
let pageId: string;

const READER = { name: 'zhaolei', display: '赵磊', password: 'only-reads-pages' };

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });
const panel = (page: Page): Locator => page.getByRole('complementary', { name: '侧栏' });
const cards = (page: Page): Locator => panel(page).locator('[data-thread-card]');
const range = (page: Page): Locator => text(page).locator('.comment-range');

async function openPanel(page: Page, name: string): Promise<void> {
  const button = page.locator('[data-editor-head]').getByRole('button', { name, exact: true });
  if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
}

/** Selects words with the mouse, as a reader does. */
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

/** Puts the cursor behind words. */
async function cursorBehind(page: Page, words: string): Promise<void> {
  await selectWords(page, words);
  await page.keyboard.press('ArrowRight');
  // The editor hears of the new cursor a moment later; nobody types faster.
  await page.waitForTimeout(100);
}

test.beforeAll(async ({ browser, server }, info) => {
  chief = await (await newVisitor(browser, server, info)).newPage();
  commenter = await (await newVisitor(browser, server, info)).newPage();
  editor = await (await newVisitor(browser, server, info)).newPage();
  await signIn(chief, ADMIN);
  const library = await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '办公室' } });
  for (const [person, role] of [[COLLEAGUE, 'commenter'], [OUTSIDER, 'editor'], [READER, 'reader']] as const) {
    const data = { name: person.name, display_name: person.display, password: person.password };
    const user = await ask<{ id: string }>(chief, '/users', { method: 'POST', data });
    const given = await chief.request.put(`/api/v1/folders/${library.id}/grants/user/${user.id}`, { data: { role } });
    expect(given.ok()).toBe(true);
  }
  const made = await ask<{ id: string }>(chief, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: '采购通知' } });
  pageId = made.id;
  await signIn(commenter, COLLEAGUE);
  await signIn(editor, OUTSIDER);
  await chief.goto(`/documents/${pageId}`);
  await expect(text(chief)).toHaveAttribute('contenteditable', 'true');
  await text(chief).click();
  await chief.keyboard.type('关于集中采购的通知');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('各部门应于三月底前报送采购清单，预算总额为八十万元。');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('联系人由各部门自行指定。');
  await expectSaved(chief);
});

test('a commenter, who cannot edit, comments on words and assigns the comment', async () => {
  await commenter.goto(`/documents/${pageId}`);
  await expect(text(commenter)).toContainText('八十万元');
  await expect(text(commenter)).toHaveAttribute('contenteditable', 'false');
  await selectWords(commenter, '八十万元');
  await commenter.getByRole('button', { name: '添加批注' }).click();
  const form = panel(commenter).getByRole('form', { name: '添加批注' });
  await form.getByRole('combobox', { name: '指派给' }).or(form.getByRole('textbox', { name: '指派给' })).first().click();
  await commenter.getByRole('option', { name: /admin/ }).click();
  const words = form.getByRole('textbox', { name: '写下批注，可用 @ 提及同事' });
  await words.fill('去年是六十万，请 @王');
  await commenter.getByRole('option', { name: /王强/ }).click();
  await commenter.keyboard.type('核对');
  await shot(commenter, '40-comment-written');
  await form.getByRole('button', { name: '发表' }).click();
  await expect(cards(commenter)).toHaveCount(1);
  await expect(range(commenter)).toHaveText('八十万元');
  await expect(panel(commenter).getByRole('status').and(commenter.locator('[data-state=saved]'))).toBeVisible();
  await shot(commenter, '41-comment-sent');
});

test('the chief sees it at once, finds it in what waits, and comes to the place', async () => {
  await expect(range(chief)).toHaveText('八十万元');
  await expect(async () => {
    await chief.goto('/');
    await expect(chief.getByRole('link', { name: '指派给我，1 项待处理' })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await chief.getByRole('link', { name: '指派给我，1 项待处理' }).click();
  await expect(chief.getByRole('heading', { name: '指派给我', level: 1 })).toBeVisible();
  await expect(chief.getByRole('main').getByRole('listitem')).toContainText('采购通知');
  await shot(chief, '42-assigned');
  await chief.getByRole('link', { name: '去年是六十万，请 @王强 核对' }).click();
  await expect(text(chief).locator('.comment-active')).toHaveText('八十万元');
  await expect(cards(chief)).toHaveAttribute('data-active', 'true');
  await expect(cards(chief).locator('[class*=mention]')).toHaveText('@王强');
});

test('an answer appears on both sides, and edits around the words do not lose them', async () => {
  await cards(chief).getByRole('textbox', { name: '回复，可用 @ 提及同事' }).fill('已经核对，以批复为准。');
  await chief.keyboard.press('Control+Enter');
  await expect(cards(commenter)).toContainText('已经核对，以批复为准。');
  // The editor writes before and in the words, and splits the paragraph right there.
  await editor.goto(`/documents/${pageId}`);
  await expect(text(editor)).toHaveAttribute('contenteditable', 'true');
  await expect(range(editor)).toHaveText('八十万元');
  await cursorBehind(editor, '清单，');
  await editor.keyboard.type('其中');
  await cursorBehind(editor, '总额为');
  await editor.keyboard.press('Enter');
  await editor.keyboard.type('人民币');
  await expectSaved(editor);
  for (const page of [chief, commenter, editor]) {
    await expect(text(page)).toContainText('其中预算总额为');
    await expect(range(page)).toHaveText('八十万元');
  }
  await commenter.reload();
  await expect(range(commenter)).toHaveText('八十万元');
  await chief.getByRole('textbox', { name: '正文' }).getByText('人民币').scrollIntoViewIfNeeded();
  await shot(chief, '43-answered');
});

test('from words to thread and from thread to words', async () => {
  await range(editor).click();
  await expect(cards(editor)).toHaveAttribute('data-active', 'true');
  await text(editor).getByText('联系人由').click();
  await expect(cards(editor)).not.toHaveAttribute('data-active', 'true');
  await cards(editor).getByRole('button', { name: /批注的文字/ }).click();
  await expect(text(editor).locator('.comment-active')).toHaveText('八十万元');
});

test('a message is edited by its author, resolved, found under resolved and opened again', async () => {
  await range(commenter).click();
  await cards(commenter).getByRole('button', { name: '更多操作' }).click();
  await commenter.getByRole('menuitem', { name: '编辑' }).click();
  await cards(commenter).getByRole('textbox', { name: '编辑' }).fill('去年是六十五万');
  await cards(commenter).getByRole('button', { name: '保存' }).click();
  await expect(cards(editor)).toContainText('去年是六十五万');
  await expect(cards(editor)).toContainText('已编辑');
  // Nobody edits what others wrote.
  await expect(cards(editor).getByRole('button', { name: '更多操作' })).toHaveCount(0);

  await cards(editor).getByRole('button', { name: '标为已解决' }).click();
  await text(commenter).getByText('联系人由').click();
  await expect(range(commenter)).toHaveCount(0);
  await expect(cards(commenter)).toHaveCount(0);
  await panel(commenter).getByText('已解决', { exact: true }).click();
  await expect(cards(commenter)).toContainText('王强 已解决');
  await shot(commenter, '44-resolved');
  await cards(commenter).getByRole('button', { name: '重新打开' }).click();
  await panel(commenter).getByText('未解决', { exact: true }).click();
  await expect(range(commenter)).toHaveText('八十万元');
});

test('when its words are deleted the comment stays and says so', async () => {
  await selectWords(editor, '八十万元');
  await editor.keyboard.press('Delete');
  await expect(text(commenter)).not.toContainText('八十万元');
  await expect(cards(commenter)).toContainText('所批注的文字已被删除');
  await expect(cards(commenter)).toContainText('八十万元');
  await shot(commenter, '45-words-gone');
  await editor.keyboard.type('八十万元');
  await expect(text(commenter)).toContainText('人民币八十万元');
});

test('a reader sees comments and cannot write any', async ({ browser, server }, info) => {
  const reader = await (await newVisitor(browser, server, info)).newPage();
  await signIn(reader, READER);
  await reader.goto(`/documents/${pageId}`);
  await openPanel(reader, '批注');
  await expect(cards(reader)).toContainText('去年是六十五万');
  await selectWords(reader, '联系人');
  await reader.keyboard.press('Control+Alt+KeyM');
  await expect(reader.getByRole('button', { name: '添加批注' })).toHaveCount(0);
  await expect(panel(reader).getByRole('form')).toHaveCount(0);
  await cards(reader).click();
  await expect(cards(reader).getByRole('textbox')).toHaveCount(0);
  await reader.context().close();
});

test('a message written in another name is shown with its real author', async ({ browser, server }, info) => {
  const chiefId = (await ask<{ user: { id: string } }>(chief, '/session')).user.id;
  const ownId = (await ask<{ user: { id: string } }>(commenter, '/session')).user.id;
  const context = await newVisitor(browser, server, info);
  // A program that puts another person's id into everything it sends to the notes.
  await context.addInitScript(
    ([from, to]) => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (data) {
        if (this.url.includes('.notes') && data instanceof Uint8Array) {
          const own = new TextEncoder().encode(from);
          const bytes = new Uint8Array(data);
          for (let at = 0; at + own.length <= bytes.length; at++) {
            if (own.every((byte, index) => bytes[at + index] === byte)) bytes.set(new TextEncoder().encode(to), at);
          }
          return send.call(this, bytes);
        }
        return send.call(this, data);
      };
    },
    [ownId, chiefId] as const,
  );
  const hostile = await context.newPage();
  await signIn(hostile, COLLEAGUE);
  await hostile.goto(`/documents/${pageId}`);
  await range(hostile).click();
  await cards(hostile).getByRole('textbox', { name: '回复，可用 @ 提及同事' }).fill('同意付款。');
  await cards(hostile).getByRole('button', { name: '回复' }).click();
  await chief.goto(`/documents/${pageId}`);
  await range(chief).click();
  await expect(cards(chief)).toContainText('同意付款。');
  await expect(cards(chief).getByRole('alert')).toHaveText('署名与实际作者不符：实际由 李娜 写下', { timeout: 60_000 });
  await expect(cards(chief).getByRole('alert')).toHaveCount(1);
  await shot(chief, '46-forged');
  await context.close();
});
