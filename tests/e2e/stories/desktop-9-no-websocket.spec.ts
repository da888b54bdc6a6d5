// Does a page work where a proxy blocks WebSockets: by itself, with the same rights, and with the same truth about saving?
import { COLLEAGUE, expect, expectSaved, shot, signIn, state, test } from '../support/story.ts';
import { Proxy, type Upgrades } from '../support/proxy.ts';
import { text, twoPeople, words, writeParagraph, type Made } from '../support/writing.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'no-websocket' });

let made: Made;
let proxy: Proxy;

test.beforeAll(async ({ browser, server }, info) => {
  proxy = await Proxy.before(server.url);
  proxy.upgrades = 'refuse';
  made = await twoPeople({ browser, server }, info, '代理后面', proxy.url);
});

test.afterAll(async () => {
  await made?.chief.context().close();
  await made?.colleague.context().close();
  await proxy?.stop();
});

test('one over HTTP and one over a WebSocket write together', async () => {
  const { chief, colleague } = made;
  await expectSaved(chief);
  await expectSaved(colleague);
  await expect(state(chief)).toHaveAttribute('data-transport', 'websocket');
  await expect(state(colleague)).toHaveAttribute('data-transport', 'http');
  await writeParagraph(colleague, '经过代理写的。');
  await expect(text(chief)).toContainText('经过代理写的。');
  await expectSaved(colleague);
  await writeParagraph(chief, '直接写的。');
  await expect(text(colleague)).toContainText('直接写的。');
  await expect(text(chief).locator('.collaboration-carets__label')).toHaveText(COLLEAGUE.display);
  await expect(colleague.getByRole('group', { name: '1 位同事在线' })).toBeVisible();
  await shot(colleague, '90-over-http');
  expect(await words(chief)).toEqual(await words(colleague));
});

test('the way that was found is remembered', async () => {
  const { colleague } = made;
  const before = proxy.seen.length;
  await colleague.reload();
  await expectSaved(colleague);
  expect(proxy.seen.slice(before).filter((line) => line.startsWith('UPGRADE'))).toEqual([]);
  expect(proxy.seen.slice(before).some((line) => line.endsWith('/events'))).toBe(true);
});

test('answers that get lost lose and double nothing', async () => {
  const { chief, colleague } = made;
  await writeParagraph(colleague, '开始');
  await expectSaved(colleague);
  proxy.losesAnswers = 3;
  for (let number = 0; number < 12; number += 1) await colleague.keyboard.type(`〔${number}〕`, { delay: 15 });
  await expectSaved(colleague);
  expect(proxy.lost).toBe(3);
  const expected = `开始${Array.from({ length: 12 }, (_, number) => `〔${number}〕`).join('')}`;
  await expect.poll(async () => (await words(chief)).join('\n')).toContain(expected);
  expect(await words(chief)).toEqual(await words(colleague));
});

test('nothing is called saved that a kill of the server can take back', async ({ server }) => {
  const { chief, colleague } = made;
  await writeParagraph(colleague, '起点：');
  await expectSaved(colleague);
  await colleague.evaluate(() => {
    const state = document.querySelector('[role=status][data-state]')!;
    const remember = () => {
      if (state.getAttribute('data-state') === 'saved') document.body.dataset.saved = document.querySelector('.tiptap')!.textContent ?? '';
    };
    new MutationObserver(remember).observe(state, { attributes: true });
    remember();
  });
  const typing = (async () => {
    for (let number = 0; number < 40; number += 1) await colleague.keyboard.type(`<${number}>`, { delay: 6 });
  })();
  await expect(text(chief)).toContainText('<12>');
  await server.kill('SIGKILL');
  const seen = (await words(chief)).join('\n');
  await typing;
  const saved = await colleague.evaluate(() => document.body.dataset.saved ?? '');
  await expect(state(colleague)).toHaveAttribute('data-state', 'offline');
  await chief.context().setOffline(true);
  await colleague.context().setOffline(true);
  await server.start();
  // A third one asks the server alone.
  const context = await chief.context().browser()!.newContext({ baseURL: server.url, locale: 'zh-CN' });
  const reader = await context.newPage();
  await signIn(reader, COLLEAGUE);
  await reader.goto(`/documents/${made.page}`);
  await expect(text(reader)).toContainText('起点：');
  const there = (await words(reader)).join('\n');
  for (let number = 0; number < 40; number += 1) {
    if (seen.includes(`<${number}>`)) expect(there, 'seen by the other').toContain(`<${number}>`);
    if (saved.includes(`<${number}>`)) expect(there, 'called saved').toContain(`<${number}>`);
  }
  expect(seen).toContain('<12>');
  await context.close();
  await chief.context().setOffline(false);
  await colleague.context().setOffline(false);
  await expect(text(chief)).toContainText('<39>', { timeout: 60_000 });
  await expectSaved(chief);
  await expectSaved(colleague);
  await expect(state(colleague)).toHaveAttribute('data-transport', 'http');
  expect(await words(chief)).toEqual(await words(colleague));
});

test('who loses the right to write is told, and who loses access is cut off within a second', async () => {
  const { chief, colleague, library, user } = made;
  const grant = `/api/v1/folders/${library}/grants/user/${user}`;
  await expectSaved(colleague);
  await colleague.evaluate(() => {
    const state = document.querySelector('[role=status][data-state]')!;
    new MutationObserver(() => {
      if (state.getAttribute('data-state') === 'closed') document.body.dataset.closedAt ??= String(Date.now());
    }).observe(state, { attributes: true });
  });
  await chief.request.delete(grant);
  const revoked = Date.now();
  await expect(state(colleague)).toHaveAttribute('data-state', 'closed');
  const closed = Number(await colleague.evaluate(() => document.body.dataset.closedAt));
  expect(closed - revoked).toBeLessThan(1_000);
  await expect(text(colleague)).toHaveAttribute('contenteditable', 'false');
  await shot(colleague, '91-revoked-over-http');
  await chief.request.put(grant, { data: { role: 'editor' } });
  await colleague.reload();
  await expectSaved(colleague);
});

for (const [number, upgrades] of (['strip', 'swallow'] satisfies Upgrades[]).entries()) {
  test(`a proxy that would ${upgrades} upgrades is no obstacle`, async () => {
    const { chief, colleague } = made;
    proxy.upgrades = upgrades;
    await colleague.evaluate(() => sessionStorage.clear());
    await colleague.reload();
    await expectSaved(colleague);
    await expect(state(colleague)).toHaveAttribute('data-transport', 'http');
    await writeParagraph(colleague, `第 ${number + 1} 种代理。`);
    await expect(text(chief)).toContainText(`第 ${number + 1} 种代理。`);
    await expectSaved(colleague);
  });
}

test('a proxy that holds answers back until they end is no obstacle either', async () => {
  const { chief, colleague } = made;
  proxy.upgrades = 'refuse';
  proxy.gathers = true;
  const before = proxy.seen.length;
  await colleague.reload();
  await expectSaved(colleague);
  await writeParagraph(colleague, '一问一答。');
  await expect(text(chief)).toContainText('一问一答。');
  await writeParagraph(chief, '收到。');
  await expect(text(colleague)).toContainText('收到。');
  await expectSaved(colleague);
  expect(proxy.seen.slice(before).filter((line) => line.endsWith('/events')).length).toBeGreaterThan(3);
  proxy.gathers = false;
});

test('a WebSocket is used again where it works', async () => {
  const { chief, colleague } = made;
  proxy.upgrades = 'pass';
  // As after the time for which the way is remembered.
  await colleague.evaluate(() => sessionStorage.setItem('wenshu.transport', String(Date.now() + 1_500)));
  await colleague.reload();
  await expect(state(colleague)).toHaveAttribute('data-transport', 'http');
  await expect(state(colleague)).toHaveAttribute('data-transport', 'websocket');
  await writeParagraph(colleague, '又有 WebSocket 了。');
  await expect(text(chief)).toContainText('又有 WebSocket 了。');
  await expectSaved(colleague);
});
