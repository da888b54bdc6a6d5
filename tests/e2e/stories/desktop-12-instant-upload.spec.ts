// Does a file that was changed a little, or that is here already, cost almost nothing to upload?
import type { Page } from '@playwright/test';
import { randomBytes, createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ADMIN, ask, expect, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'instant-upload' });
test.describe.configure({ mode: 'serial' });

const MIB = 1024 * 1024;

let page: Page;
/** Bytes of bodies that went up, by what they were. */
const sent = { chunks: 0, streams: 0 };
const answered: string[] = [];

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
  page.on('requestfinished', (request) => {
    const size = Number(request.headers()['content-length'] ?? request.postDataBuffer()?.length ?? 0);
    if (/\/uploads\/[^/]+\/chunks\//.test(request.url())) {
      sent.chunks += 1;
      answered.push(request.url());
    } else if (request.method() === 'PATCH' && request.url().includes('/uploads/')) sent.streams += size || 1;
  });
  page.on('console', (message) => {
    if (message.type() === 'error') console.log('browser:', message.text());
  });
  await signIn(page, ADMIN);
  const library = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '设计部', parent_id: null } });
  await page.goto(`/folders/${library.id}`);
  await expect(page.getByRole('heading', { name: '设计部', level: 1 })).toBeVisible();
});

const panel = () => page.getByRole('region', { name: '上传进度' });

async function add(file: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '上传文件', exact: true }).click();
  await (await chooser).setFiles(file);
}

async function close(): Promise<void> {
  await panel().getByRole('button', { name: '关闭' }).click();
}

test('a large file goes up in chunks, and of its next version only what changed', async () => {
  const file = test.info().outputPath('宣传片.bin');
  const content = randomBytes(60 * MIB);
  writeFileSync(file, content);
  await add(file);
  await expect(panel().getByText('1 个文件已上传')).toBeVisible({ timeout: 120_000 });
  await expect(panel().getByText(/已上传 · 60\.0 MB$/)).toBeVisible();
  expect(sent.chunks).toBeGreaterThan(10);
  expect(sent.streams, 'bytes that went as a stream').toBe(0);
  await close();

  const changed = Buffer.concat([content.subarray(0, 30 * MIB), Buffer.from('新增一段画面'), content.subarray(30 * MIB)]);
  writeFileSync(file, changed);
  sent.chunks = 0;
  const chooser = page.waitForEvent('filechooser');
  await row(page, '宣传片.bin').getByRole('button', { name: /操作|更多/ }).click();
  await page.getByRole('menuitem', { name: '上传新版本' }).click();
  await (await chooser).setFiles(file);
  await expect(panel().getByText(/已上传 · 60\.0 MB · 仅传输 [\d.]+ (KB|MB)$/)).toBeVisible({ timeout: 60_000 });
  expect(sent.chunks).toBeLessThanOrEqual(3);
  await shot(page, '80-only-the-change-was-sent');
  await close();

  const address = await row(page, '宣传片.bin').getByRole('link', { name: '宣传片.bin' }).getAttribute('href');
  const id = address!.split('/').at(-1)!;
  const download = await page.request.get(`/api/v1/documents/${id}/content`);
  expect(createHash('sha256').update(await download.body()).digest('hex')).toBe(createHash('sha256').update(changed).digest('hex'));

  // The same file once more, under another name.
  const copy = test.info().outputPath('宣传片 副本.bin');
  writeFileSync(copy, changed);
  sent.chunks = 0;
  await add(copy);
  await expect(panel().getByText('已上传 · 60.0 MB · 秒传，无需传输')).toBeVisible({ timeout: 60_000 });
  expect(sent.chunks).toBe(0);
  await shot(page, '81-nothing-was-sent');
  await close();
});

test('an upload goes on after the page was loaded again and after the server was killed, without sending anything twice', async ({ server }) => {
  const file = test.info().outputPath('录像.bin');
  const content = randomBytes(40 * MIB);
  writeFileSync(file, content);
  const tab = await page.context().newCDPSession(page);
  await tab.send('Network.enable');
  const line = (bytesPerSecond: number) =>
    tab.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
  await line(4_000_000);
  answered.length = 0;
  await add(file);
  await expect.poll(() => answered.length, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(3);
  page.once('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await expect(page.getByRole('heading', { name: '设计部', level: 1 })).toBeVisible();
  await line(4_000_000);
  await add(file);
  await expect.poll(() => answered.length, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(8);
  await server.kill('SIGKILL');
  await expect(panel().getByText('等待服务器恢复，将自动继续')).toBeVisible();
  await server.start();
  await line(-1);
  await expect(panel().getByText('1 个文件已上传')).toBeVisible({ timeout: 120_000 });
  expect(new Set(answered).size, 'chunks that were acknowledged and sent again').toBe(answered.length);
  const address = await row(page, '录像.bin').getByRole('link', { name: '录像.bin' }).getAttribute('href');
  const download = await page.request.get(`/api/v1/documents/${address!.split('/').at(-1)!}/content`);
  expect(createHash('sha256').update(await download.body()).digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  await close();
});

test('a browser that cannot cut files sends them as they are', async () => {
  await page.context().addInitScript(() => {
    Object.defineProperty(window, 'Worker', {
      value: class {
        onerror: (() => void) | null = null;
        constructor() {
          setTimeout(() => this.onerror?.(), 10);
        }
        postMessage() {}
        terminate() {}
      },
    });
  });
  await page.reload();
  await expect(page.getByRole('heading', { name: '设计部', level: 1 })).toBeVisible();
  const file = test.info().outputPath('旧浏览器.bin');
  writeFileSync(file, randomBytes(8 * MIB));
  [sent.chunks, sent.streams] = [0, 0];
  await add(file);
  await expect(panel().getByText(/已上传 · 8\.0 MB$/)).toBeVisible({ timeout: 60_000 });
  expect(sent.chunks).toBe(0);
  expect(sent.streams).toBeGreaterThan(0);
});
