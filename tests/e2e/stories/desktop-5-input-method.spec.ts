// Does a colleague's edit break the word that is being written with a Chinese input method? Compositions as Chromium gets
// them from the system, while another browser writes in front of it, beside it and deletes next to it.
import type { CDPSession, Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, expectSaved, newVisitor, shot, signIn, state, test } from '../support/story.ts';

test.use({ story: 'input-method' });

let writer: Page;
let colleague: Page;
let keyboard: CDPSession;
let library: string;

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });

/** Paragraphs without the carets of others. */
function paragraphs(page: Page): Promise<string[]> {
  return text(page).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('.collaboration-carets__caret, .ProseMirror-separator, .ProseMirror-trailingBreak').forEach((one) => one.remove());
    return [...copy.children].map((child) => (child.textContent ?? '').replace(/\u2060/g, ''));
  });
}

/** What the input method shows so far; `selection` is where its own caret stands. */
async function compose(words: string): Promise<void> {
  await keyboard.send('Input.imeSetComposition', { text: words, selectionStart: words.length, selectionEnd: words.length });
}

/** The words are chosen. */
async function commit(words: string): Promise<void> {
  await keyboard.send('Input.insertText', { text: words });
}

/** Notes compositions that end before they were committed. */
function watchCompositions(page: Page): Promise<void> {
  return text(page).evaluate((element) => {
    const seen: string[] = [];
    (window as unknown as { compositions: string[] }).compositions = seen;
    for (const type of ['compositionstart', 'compositionend']) element.addEventListener(type, (event) => seen.push(`${type} ${(event as CompositionEvent).data}`));
  });
}

const compositions = (page: Page) => page.evaluate(() => (window as unknown as { compositions: string[] }).compositions);

/** As quickly as people type. */
const PACE = { delay: 250 };

/** Puts the cursor into a paragraph, so many characters from its beginning. */
async function putCursor(page: Page, paragraph: number, offset: number): Promise<void> {
  await text(page).locator(':scope > p').nth(paragraph).click();
  await page.keyboard.press('Home', PACE);
  for (let index = 0; index < offset; index += 1) await page.keyboard.press('ArrowRight', PACE);
}

test.beforeAll(async ({ browser, server }, info) => {
  writer = await (await newVisitor(browser, server, info)).newPage();
  colleague = await (await newVisitor(browser, server, info)).newPage();
  await signIn(writer, ADMIN);
  const user = await ask<{ id: string }>(writer, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  library = (await ask<{ id: string }>(writer, '/folders', { method: 'POST', data: { name: '输入法' } })).id;
  expect((await writer.request.put(`/api/v1/folders/${library}/grants/user/${user.id}`, { data: { role: 'editor' } })).ok()).toBe(true);
  await signIn(colleague, COLLEAGUE);
  keyboard = await writer.context().newCDPSession(writer);
});

/** A page with these paragraphs, open in both browsers. */
async function openBoth(name: string, ...lines: string[]): Promise<void> {
  const { id } = await ask<{ id: string }>(writer, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library, name } });
  await writer.goto(`/documents/${id}`);
  await expect(text(writer)).toBeEditable();
  await text(writer).click();
  for (const [index, line] of lines.entries()) {
    if (index > 0) await writer.keyboard.press('Enter');
    await writer.keyboard.insertText(line);
  }
  await expectSaved(writer);
  await colleague.goto(`/documents/${id}`);
  await expect(text(colleague)).toContainText(lines.at(-1)!);
  await expect(text(colleague)).toBeEditable();
  await watchCompositions(writer);
}

async function expectBoth(...lines: string[]): Promise<void> {
  for (const page of [writer, colleague]) {
    await expect.poll(() => paragraphs(page)).toEqual(lines);
    await expectSaved(page);
  }
}

test('a colleague writes in a paragraph before', async () => {
  await openBoth('前面', '第一段。', '第二段：');
  await putCursor(writer, 1, 4);
  await compose("w'd");
  await putCursor(colleague, 0, 3);
  await colleague.keyboard.type('【同事】');
  await expectSaved(colleague);
  await compose("wen'd");
  await compose("wen'dang");
  await commit('文档');
  await expectBoth('第一段【同事】。', '第二段：文档');
  expect(await compositions(writer)).toEqual(['compositionstart ', 'compositionend 文档']);
});

test('a colleague writes in the same paragraph, before and behind the word', async () => {
  await openBoth('同段', '开头，结尾。');
  await putCursor(writer, 0, 3);
  await compose('z');
  await compose('zh');
  await putCursor(colleague, 0, 0);
  await colleague.keyboard.type('〈前〉');
  await expectSaved(colleague);
  await compose('zhong');
  await colleague.keyboard.press('End', PACE);
  await colleague.keyboard.type('〈后〉');
  await expectSaved(colleague);
  await compose("zhong'j");
  await shot(writer, '50-composing');
  await commit('中间');
  await expectBoth('〈前〉开头，中间结尾。〈后〉');
  expect(await compositions(writer)).toEqual(['compositionstart ', 'compositionend 中间']);
});

test('a colleague writes right beside the word and deletes next to it', async () => {
  await openBoth('紧邻', '甲乙丙丁');
  await putCursor(writer, 0, 2);
  await compose('x');
  await expect.poll(() => paragraphs(colleague)).toEqual(['甲乙x丙丁']);
  // Between 乙 and the word, then 乙 and 丙 are deleted.
  await putCursor(colleague, 0, 2);
  await colleague.keyboard.press('Backspace', PACE);
  await colleague.keyboard.type('子');
  await expectSaved(colleague);
  await compose('xin');
  await colleague.keyboard.press('End', PACE);
  await colleague.keyboard.press('Backspace');
  await expectSaved(colleague);
  await compose('xin');
  await commit('新');
  const lines = async (page: Page) => (await paragraphs(page))[0]!;
  await expect.poll(() => lines(writer)).not.toContain('丁');
  await expect.poll(async () => (await lines(colleague)) === (await lines(writer))).toBe(true);
  // All that both wrote is there once, what was deleted is not.
  const result = await lines(writer);
  expect([...result].sort()).toEqual([...'甲子新丙'].sort());
  expect(result).toMatch(/^甲.*丙$/);
  expect(await compositions(writer)).toEqual(['compositionstart ', 'compositionend 新']);
});

test('a colleague deletes the whole paragraph: the word is not written into another', async () => {
  await openBoth('删段', '留下的。', '要删的。', '末段。');
  await putCursor(writer, 1, 3);
  await compose('ci');
  await expect(text(colleague)).toContainText('ci');
  await putCursor(colleague, 1, 0);
  await colleague.keyboard.press('Shift+End', PACE);
  await colleague.keyboard.press('Backspace', PACE);
  await colleague.keyboard.press('Backspace', PACE);
  await expectSaved(colleague);
  await expect.poll(() => paragraphs(colleague)).toHaveLength(2);
  await commit('词');
  for (const page of [writer, colleague]) {
    await expect.poll(() => paragraphs(page)).toEqual(['留下的。', '末段。']);
    await expectSaved(page);
  }
});

test('while a word is being written, saved means saved and afterwards everything is there', async () => {
  await openBoth('保存', '起：');
  await putCursor(writer, 0, 2);
  await text(colleague).click();
  for (const [pinyin, words] of [['shou', '首'], ['xian', '先'], ['ran', '然'], ['hou', '后']] as const) {
    await compose(pinyin.slice(0, 1));
    await compose(pinyin);
    // See the letters first, as people do.
    await expect.poll(async () => (await paragraphs(colleague))[0]).toContain(pinyin);
    await colleague.keyboard.press('Control+Home', PACE);
    await colleague.keyboard.type('#');
    await commit(words);
  }
  // A word that stays open: what was committed before is saved meanwhile, and the state says what is true.
  await compose('wei');
  await colleague.keyboard.type('@@');
  await expectSaved(colleague);
  await expect(state(writer)).toHaveAttribute('data-state', /saved|saving/);
  await commit('未');
  await expectBoth('#@@###起：首先然后未');
  // Undo takes back one's own words and not the colleague's.
  await writer.keyboard.press('Control+z');
  await expect.poll(async () => (await paragraphs(writer))[0]).toMatch(/^#@@###起：/);
});

test('names are offered while they are written with an input method', async () => {
  await openBoth('提及', '请：');
  await putCursor(writer, 0, 2);
  await writer.keyboard.type('@');
  await compose('li');
  await compose("li'na");
  await commit('李');
  await compose('na');
  await commit('娜');
  const list = writer.getByRole('listbox', { name: '提及同事' });
  await expect(list.getByRole('option')).toHaveText(['李娜lina']);
  await writer.keyboard.press('Enter');
  await expect(text(writer).locator('[data-type=mention]')).toHaveText('@李娜');
});

/** Lets what comes from the server wait in the page, from the next one that is opened on. */
async function holdArrivals(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const waiting: (() => void)[] = [];
    const arrivals = { holding: false, waiting };
    Object.assign(window, { arrivals });
    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        this.addEventListener('message', (event) => {
          if (!arrivals.holding) return;
          event.stopImmediatePropagation();
          waiting.push(() => this.dispatchEvent(new MessageEvent('message', { data: event.data as unknown })));
        });
      }
    };
  });
}

interface Arrivals {
  holding: boolean;
  waiting: (() => void)[];
}

test('a key pressed at the moment in which an edit arrives keeps its effect', async () => {
  await holdArrivals(colleague);
  await openBoth('同时', '开头，结尾。');
  await putCursor(writer, 0, 3);
  await putCursor(colleague, 0, 0);
  await colleague.keyboard.type('〈前〉');
  await expectBoth('〈前〉开头，结尾。');
  await colleague.evaluate(() => ((window as unknown as { arrivals: Arrivals }).arrivals.holding = true));
  await writer.keyboard.insertText('中间');
  await expectSaved(writer);
  await expect.poll(() => colleague.evaluate(() => (window as unknown as { arrivals: Arrivals }).arrivals.waiting.length)).toBeGreaterThan(0);
  // What the key End does; the browser reports it later than the edit, which comes in the same task.
  await colleague.evaluate(() => {
    const { arrivals } = window as unknown as { arrivals: Arrivals };
    getSelection()!.modify('move', 'forward', 'lineboundary');
    arrivals.holding = false;
    arrivals.waiting.splice(0).forEach((deliver) => deliver());
  });
  await colleague.keyboard.type('〈后〉');
  await expectBoth('〈前〉开头，中间结尾。〈后〉');
});
