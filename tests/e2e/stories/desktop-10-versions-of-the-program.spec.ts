// What happens when the program in a tab is older than a page, or than the server? Nothing is deleted, and nothing is mixed.
import { Proxy } from '../support/proxy.ts';
import { ADMIN, expect, expectSaved, newVisitor, shot, signIn, state, test } from '../support/story.ts';
import { text, twoPeople, writeParagraph, type Made } from '../support/writing.ts';
import { joinAsProgram, type Program } from '../support/yjs.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'versions-of-the-program' });

let made: Made;
let newer: Program;

test.beforeAll(async ({ browser, server }, info) => {
  made = await twoPeople({ browser, server }, info, '流程说明');
  newer = await joinAsProgram(made.chief, server.url, made.page);
});

test.afterAll(async () => {
  newer?.close();
  await made?.chief.context().close();
  await made?.colleague.context().close();
});

test('attributes of a newer program survive edits beside them and in the same paragraph', async () => {
  const { colleague } = made;
  await writeParagraph(colleague, '带属性的一段');
  await writeParagraph(colleague, '另一段');
  await expectSaved(colleague);
  await expect.poll(() => newer.xml()).toContain('另一段');
  newer.setAttribute('带属性的一段', 'tone', 'formal');
  await colleague.keyboard.type('，接着写');
  await text(colleague).getByText('带属性的一段').click();
  await colleague.keyboard.press('End');
  await colleague.keyboard.type('，也改了');
  await expectSaved(colleague);
  await expect.poll(() => newer.xml()).toContain('带属性的一段，也改了');
  await expect.poll(() => newer.xml()).toMatch(/tone="formal"[^>]*>带属性的一段，也改了/);
});

test('a page with content that this program does not know is only read, and nothing of it is deleted', async () => {
  const { chief, colleague } = made;
  await colleague.context().setOffline(true);
  await writeParagraph(colleague, '断网时写在旧程序里的一段。');
  await expect(state(colleague)).toHaveText('离线 · 有内容待上传，已存本机');
  newer.append('flowchart', '申请 → 审批 → 归档');
  const notice = (page: typeof chief) => page.getByRole('alert').filter({ hasText: '这篇文档含有新版本的内容，现在只能阅读' });
  // It comes while the editor is open …
  await expect(notice(chief)).toContainText('flowchart');
  await expect(chief.locator('[data-unknown="flowchart"]')).toContainText('申请 → 审批 → 归档');
  await expect(chief.locator('[contenteditable="true"]')).toHaveCount(0);
  await expectSaved(chief);
  await shot(chief, '100-newer-page');
  // … and to somebody who has something to send.
  await colleague.context().setOffline(false);
  await expect(notice(colleague)).toBeVisible();
  await expect(colleague.locator('[data-unknown="flowchart"]')).toContainText('申请 → 审批 → 归档');
  await expectSaved(colleague);
  await expect.poll(() => newer.xml()).toContain('断网时写在旧程序里的一段。');
  // What others write is still seen.
  newer.append('paragraph', '新程序接着写。');
  await expect(chief.getByText('新程序接着写。')).toBeVisible();
  await chief.reload();
  await expect(notice(chief)).toBeVisible();
  await expectSaved(chief);
  expect(newer.xml()).toContain('<flowchart>申请 → 审批 → 归档</flowchart>');
  expect(newer.xml()).toMatch(/tone="formal"/);

  // Once it is gone, the page is edited as before.
  newer.remove('flowchart');
  await notice(chief).getByRole('button', { name: '刷新页面' }).click();
  await expect(text(chief)).toHaveAttribute('contenteditable', 'true');
  await writeParagraph(chief, '又可以编辑了。');
  await expectSaved(chief);
  await expect.poll(() => newer.xml()).toContain('又可以编辑了。');
});

test('a newer build of the program is offered, taken when wanted, and opens without the server', async ({ browser, server }, info) => {
  const proxy = await Proxy.before(server.url);
  const context = await newVisitor(browser, { ...server, url: proxy.url } as typeof server, info);
  const page = await context.newPage();
  // The server is replaced: another build of the same program.
  let build = 1;
  proxy.change = (path, body) => {
    if (path === '/sw.js') return Buffer.from(body.toString().replace(/const BUILD = '(\w+)'/, `const BUILD = '$1${build}'`));
    if (path === '/' || path.startsWith('/documents')) return Buffer.from(body.toString().replace('<head>', `<head><meta name="build" content="${build}">`));
    return body;
  };
  const expectBuild = (number: number) => expect(page.locator('meta[name=build]')).toHaveAttribute('content', String(number));
  await signIn(page, ADMIN);
  await page.goto(`/documents/${made.page}`);
  await expectSaved(page);
  await expect.poll(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller))).toBe(true);
  await expectBuild(1);
  const offer = page.getByRole('status').filter({ hasText: '新版本已准备好' });
  await expect(offer).toBeHidden();

  build = 2;
  await writeParagraph(page, '写着写着服务器更新了');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect(offer).toBeVisible();
  // Nothing is reloaded under anybody's hands.
  await page.keyboard.type('，没有打断。');
  await expect(text(page)).toContainText('写着写着服务器更新了，没有打断。');
  await expectSaved(page);
  await shot(page, '101-update-offered');
  await offer.getByRole('button', { name: '立即更新' }).click();
  await expectBuild(2);
  await expectSaved(page);
  await expect(offer).toBeHidden();
  const caches = await page.evaluate(async () => (await window.caches.keys()).filter((name) => name.startsWith('wenshu-shell-')));
  expect(caches.map((name) => name.slice(-1))).toEqual(['1', '2']);

  // Without the server the newer build opens, whole.
  await proxy.stop();
  await page.reload();
  await expect(text(page)).toContainText('写着写着服务器更新了，没有打断。');
  await expectBuild(2);
  await expect(state(page)).toHaveAttribute('data-state', 'offline');
  await shot(page, '102-opened-without-server');
  await context.close();
});

test('downloads, uploads and the API go past the worker', async ({ server }) => {
  const { chief } = made;
  await chief.goto(`/folders/${made.library}`);
  await expect.poll(() => chief.evaluate(() => Boolean(navigator.serviceWorker.controller))).toBe(true);
  const chooser = chief.waitForEvent('filechooser');
  await chief.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await chief.getByRole('menuitem', { name: '上传文件', exact: true }).click();
  await (await chooser).setFiles({ name: '附件.txt', mimeType: 'text/plain', buffer: Buffer.from('经过服务器的内容') });
  const link = chief.getByRole('main').getByRole('link', { name: '附件.txt' });
  await expect(link).toBeVisible();
  const id = (await link.getAttribute('href'))!.split('/').at(-1)!.split('?')[0]!;
  const answer = await chief.evaluate(async (address) => {
    const response = await fetch(address);
    return { text: await response.text(), kept: Boolean(await caches.match(address)) };
  }, `/api/v1/documents/${id}/content`);
  expect(answer).toEqual({ text: '经过服务器的内容', kept: false });
  const download = chief.waitForEvent('download');
  await chief.evaluate((href) => Object.assign(document.createElement('a'), { href, download: '' }).click(), `/api/v1/documents/${id}/content`);
  expect((await download).suggestedFilename()).toBe('附件.txt');
  // The server's own pages are the server's, also by address.
  await chief.goto(`${server.url}/healthz`);
  expect(await chief.evaluate(() => document.querySelector('#root'))).toBeNull();
});
