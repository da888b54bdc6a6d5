// Does a page stay open and editable without the network, over a reload, and is what it says about saving true?
import type { Page } from '@playwright/test';
import { COLLEAGUE, expect, expectSaved, fillSignIn, shot, state, test } from '../support/story.ts';
import { text, twoPeople, words, writeParagraph, type Made } from '../support/writing.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'offline' });

let made: Made;

/** The worker that opens the application without the server is in charge. */
async function expectOpensOffline(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller)), { timeout: 60_000 }).toBe(true);
}

/** How much is kept in the browser, by store. */
function kept(page: Page): Promise<Record<string, number>> {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('wenshu-offline');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const counts: Record<string, number> = {};
          const names = [...opening.result.objectStoreNames];
          const transaction = opening.result.transaction(names);
          for (const name of names) {
            const counting = transaction.objectStore(name).count();
            counting.onsuccess = () => (counts[name] = counting.result);
          }
          transaction.oncomplete = () => {
            opening.result.close();
            resolve(counts);
          };
        };
      }),
  );
}

test.beforeAll(async ({ browser, server }, info) => {
  made = await twoPeople({ browser, server }, info, '值班安排');
});

test('without network the page is edited, reloaded and edited again', async () => {
  const { chief, colleague } = made;
  await writeParagraph(colleague, '联网时写的。');
  await expectSaved(colleague);
  await expect(text(chief)).toContainText('联网时写的。');
  await expectOpensOffline(colleague);

  await colleague.context().setOffline(true);
  await expect(state(colleague)).toHaveAttribute('data-state', 'offline');
  await writeParagraph(colleague, '断网后写的第一段。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  await shot(colleague, '80-offline-kept');

  await colleague.reload();
  await expect(text(colleague)).toContainText('断网后写的第一段。');
  await expect(text(colleague)).toContainText('联网时写的。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  await expect(text(colleague)).toHaveAttribute('contenteditable', 'true');
  await expect(colleague.getByRole('textbox', { name: '标题' })).toHaveValue('值班安排');
  await writeParagraph(colleague, '刷新后写的第二段。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  await shot(colleague, '81-offline-reloaded');
});

test('a second device goes on meanwhile; back on the network everything is merged', async () => {
  const { chief, colleague } = made;
  await writeParagraph(chief, '同时主任写的。');
  await expectSaved(chief);
  await expect(text(chief)).not.toContainText('断网后写的第一段。');
  await colleague.context().setOffline(false);
  for (const page of [chief, colleague]) {
    for (const part of ['联网时写的。', '断网后写的第一段。', '刷新后写的第二段。', '同时主任写的。']) {
      await expect(text(page)).toContainText(part);
    }
    await expectSaved(page);
  }
  expect(await words(chief)).toEqual(await words(colleague));
});

test('what a closed tab wrote offline is sent by the next one', async () => {
  const { chief, colleague, page } = made;
  await colleague.context().setOffline(true);
  await writeParagraph(colleague, '关掉之前写的。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  const context = colleague.context();
  const second = await context.newPage();
  await second.goto(`/documents/${page}`);
  await expect(text(second)).toContainText('关掉之前写的。');
  // Two tabs of one browser share what is kept.
  await writeParagraph(second, '另一个标签页写的。');
  await expect(text(colleague)).toContainText('另一个标签页写的。');
  await second.close();
  await colleague.close();
  await context.setOffline(false);
  const again = await context.newPage();
  await again.goto(`/documents/${page}`);
  await expect(text(chief)).toContainText('关掉之前写的。');
  await expect(text(chief)).toContainText('另一个标签页写的。');
  await expectSaved(again);
  made.colleague = again;
});

test('when the browser cannot keep anything, it says so', async () => {
  const { colleague, page } = made;
  // A full device: every write is refused.
  await colleague.addInitScript(() => {
    const refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    IDBObjectStore.prototype.add = refuse as never;
    IDBObjectStore.prototype.put = refuse as never;
  });
  await colleague.goto(`/documents/${page}`);
  await expectSaved(colleague);
  await colleague.context().setOffline(true);
  await writeParagraph(colleague, '存不下的一段。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，未能存到本机');
  await shot(colleague, '82-offline-not-kept');
  await colleague.context().setOffline(false);
  await expectSaved(colleague);
  await expect(text(made.chief)).toContainText('存不下的一段。');
  const context = colleague.context();
  await colleague.close();
  made.colleague = await context.newPage();
  await made.colleague.goto(`/documents/${page}`);
  await expectSaved(made.colleague);
});

test('work that was not sent is shown before signing out, and nothing is left behind', async ({ server }) => {
  const { colleague } = made;
  await server.kill('SIGTERM');
  await expect(state(colleague)).toHaveAttribute('data-state', 'offline');
  await writeParagraph(colleague, '不想丢的一段。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  expect((await kept(colleague)).updates).toBeGreaterThan(0);
  await colleague.getByRole('button', { name: /用户菜单/ }).click();
  await colleague.getByRole('menuitem', { name: '退出登录' }).click();
  const dialog = colleague.getByRole('dialog', { name: '有内容还没有上传' });
  await expect(dialog).toContainText('值班安排');
  await shot(colleague, '83-unsent-at-sign-out');
  const download = colleague.waitForEvent('download');
  await dialog.getByRole('button', { name: '下载副本' }).click();
  const file = await (await download).createReadStream();
  const parts: Buffer[] = [];
  for await (const part of file) parts.push(part as Buffer);
  expect(Buffer.concat(parts).toString()).toContain('不想丢的一段。');
  await dialog.getByRole('button', { name: '取消' }).click();

  await server.start();
  await expectSaved(colleague);
  await colleague.getByRole('button', { name: /用户菜单/ }).click();
  await colleague.getByRole('menuitem', { name: '退出登录' }).click();
  await expect(colleague.getByRole('button', { name: '登录' })).toBeVisible();
  expect(await kept(colleague)).toEqual({ rooms: 0, updates: 0, views: 0 });
});

test('whoever loses access keeps no copy, except of work that was not sent', async () => {
  const { chief, colleague, library, page, user } = made;
  await fillSignIn(colleague, COLLEAGUE);
  await expect(colleague.getByRole('button', { name: /用户菜单/ })).toBeVisible();
  await colleague.goto(`/documents/${page}`);
  await expectSaved(colleague);
  await chief.request.delete(`/api/v1/folders/${library}/grants/user/${user}`);
  await expect(state(colleague)).toHaveAttribute('data-state', 'closed');
  await expect.poll(async () => (await kept(colleague)).rooms).toBe(0);
  expect((await kept(colleague)).updates).toBe(0);

  await chief.request.put(`/api/v1/folders/${library}/grants/user/${user}`, { data: { role: 'editor' } });
  await colleague.goto(`/documents/${page}`);
  await expectSaved(colleague);
  await colleague.context().setOffline(true);
  await writeParagraph(colleague, '撤权前没来得及上传。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  await chief.request.delete(`/api/v1/folders/${library}/grants/user/${user}`);
  await colleague.context().setOffline(false);
  await expect(state(colleague)).toHaveAttribute('data-state', 'closed');
  await expect(colleague.getByRole('button', { name: '下载副本' })).toBeVisible();
  await shot(colleague, '84-revoked-with-unsent');
  await colleague.reload();
  const notice = colleague.getByRole('alert').filter({ hasText: '有内容还没有上传' });
  await expect(notice).toContainText('值班安排');
  await shot(colleague, '85-rescue');
  await notice.getByRole('button', { name: '从这台设备上删除' }).click();
  await expect(notice).toBeHidden();
  expect((await kept(colleague)).updates).toBe(0);
  await expect(text(chief)).not.toContainText('撤权前没来得及上传。');
});

test('somebody else who signs in finds nothing of the first', async () => {
  const { chief, page } = made;
  await expectSaved(chief);
  expect((await kept(chief)).rooms).toBe(1);
  // The first one's session ended elsewhere, so nothing was signed out here.
  await chief.context().clearCookies();
  await chief.goto('/');
  await fillSignIn(chief, COLLEAGUE);
  await expect(chief.getByRole('heading', { name: '文库', level: 1 })).toBeVisible();
  await expect.poll(async () => kept(chief)).toEqual({ rooms: 0, updates: 0, views: 0 });
  await chief.goto(`/documents/${page}`);
  await expect(chief.getByText('值班安排')).toBeHidden();
});

test.afterAll(async () => {
  await made?.chief.context().close();
  await made?.colleague.context().close();
});

