// How do people write a page in the stories?
import type { Locator, Page } from '@playwright/test';
import { ADMIN, ask, COLLEAGUE, expect, newVisitor, signIn, type test } from './story.ts';

export const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });

/** Writes at the end of the text, as a new paragraph. */
export async function writeParagraph(page: Page, words: string): Promise<void> {
  // A slow machine may show the editor a key before the place that was clicked.
  await expect(async () => {
    await text(page).locator(':scope > *').last().click();
    await page.keyboard.press('Control+End');
    expect(await isAtTheEnd(page)).toBe(true);
  }).toPass();
  await page.keyboard.press('Enter');
  await page.keyboard.type(words);
  await expect(text(page).locator(':scope > *').last()).toContainText(words);
}

function isAtTheEnd(page: Page): Promise<boolean> {
  return text(page).evaluate(
    (element) => element.lastElementChild?.contains(document.getSelection()?.anchorNode ?? null) ?? false,
  );
}

/** What stands in the text, without the carets of others. */
export function words(page: Page): Promise<string[]> {
  return text(page).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement;
    copy.querySelectorAll('.collaboration-carets__caret, .collaboration-carets__selection-label').forEach((caret) => caret.remove());
    return [...copy.children].map((child) => child.textContent ?? '');
  });
}

export interface Made {
  chief: Page;
  colleague: Page;
  library: string;
  /** Id of the page. */
  page: string;
  user: string;
}

/** Two people and a page that both may edit. `urls` are what each of them reaches the server by. */
export async function twoPeople(
  { browser, server }: { browser: Parameters<typeof newVisitor>[0]; server: Parameters<typeof newVisitor>[1] },
  info: Parameters<typeof newVisitor>[2],
  name: string,
  colleagueUrl = server.url,
): Promise<Made> {
  const chief = await (await newVisitor(browser, server, info)).newPage();
  const { viewport, locale } = info.project.use;
  const theirs = await browser.newContext({ baseURL: colleagueUrl, locale: locale ?? 'zh-CN', viewport });
  theirs.setDefaultTimeout(30_000);
  const colleague = await theirs.newPage();
  await signIn(chief, ADMIN);
  const user = await ask<{ id: string }>(chief, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  const library = await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '项目组' } });
  await chief.request.put(`/api/v1/folders/${library.id}/grants/user/${user.id}`, { data: { role: 'editor' } });
  const page = await ask<{ id: string }>(chief, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name } });
  await signIn(colleague, COLLEAGUE);
  for (const who of [chief, colleague]) {
    await who.goto(`/documents/${page.id}`);
    await expect(text(who)).toHaveAttribute('contenteditable', 'true');
  }
  return { chief, colleague, library: library.id, page: page.id, user: user.id };
}

export type Test = typeof test;
