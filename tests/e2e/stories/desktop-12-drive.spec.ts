// Can somebody take a folder home, or work in the file manager? Several files and a folder as one zip file, and the dialog
// that tells how the drive is connected, with an access token that works there.
import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ADMIN, ask, expect, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'drive' });

let page: Page;
let library: string;

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
});

/** Names and contents in a zip file, as Python's own module reads it. */
function unpacked(file: string): Record<string, string> {
  const script =
    'import sys,zipfile,json\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n' +
    'print(json.dumps({i.filename:z.read(i).decode("utf-8","replace") for i in z.infolist()}))';
  return JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' })) as Record<string, string>;
}

async function saved(act: () => Promise<void>): Promise<{ name: string; file: string }> {
  const download = page.waitForEvent('download');
  await act();
  const got = await download;
  return { name: got.suggestedFilename(), file: await got.path() };
}

test('a folder and what was chosen are saved as one file', async () => {
  await signIn(page, ADMIN);
  library = (await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '合同库' } })).id;
  const inner = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '2025 年', parent_id: library } });
  for (const [folder, name, text] of [[library, '合同“甲”.txt', '甲方'], [library, '附件.txt', '附件'], [inner.id, '补充协议.txt', '补充']] as const) {
    const encoded = (value: string) => Buffer.from(value).toString('base64');
    const made = await page.request.post('/api/v1/uploads', {
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(Buffer.byteLength(text)),
        'upload-metadata': `filename ${encoded(name)},folder_id ${encoded(folder)}`,
        'content-type': 'application/offset+octet-stream',
      },
      data: Buffer.from(text),
    });
    expect(made.status()).toBe(201);
  }
  await page.goto(`/folders/${library}`);

  await row(page, '2025 年').getByRole('button', { name: '2025 年 的操作' }).click();
  await shot(page, '01-folder-menu');
  const folder = await saved(() => page.getByRole('menuitem', { name: '下载' }).click());
  expect(folder.name).toBe('2025 年.zip');
  expect(unpacked(folder.file)).toEqual({ '2025 年/': '', '2025 年/补充协议.txt': '补充' });

  await row(page, '2025 年').getByRole('checkbox').check();
  await row(page, '合同“甲”.txt').getByRole('checkbox').check();
  await expect(page.getByRole('toolbar', { name: '批量操作' })).toContainText('已选 2 件');
  await shot(page, '02-chosen');
  const chosen = await saved(() => page.getByRole('toolbar', { name: '批量操作' }).getByRole('button', { name: '下载' }).click());
  expect(chosen.name).toBe('合同库.zip');
  expect(unpacked(chosen.file)).toEqual({ '2025 年/': '', '2025 年/补充协议.txt': '补充', '合同“甲”.txt': '甲方' });
  // The page is still the folder.
  await expect(page.getByRole('heading', { name: '合同库', level: 1 })).toBeVisible();

  await row(page, '2025 年').getByRole('checkbox').uncheck();
  const one = await saved(() => page.getByRole('toolbar', { name: '批量操作' }).getByRole('button', { name: '下载' }).click());
  expect([one.name, readFileSync(one.file, 'utf8')]).toEqual(['合同“甲”.txt', '甲方']);
});

test('the drive is explained, and its token opens it', async ({ server }) => {
  await page.getByRole('button', { name: /^用户菜单/ }).click();
  await page.getByRole('menuitem', { name: '网络磁盘' }).click();
  const dialog = page.getByRole('dialog', { name: '网络磁盘' });
  await expect(dialog.getByText(`${server.url}/dav`, { exact: true })).toBeVisible();
  await dialog.getByRole('tab', { name: 'Windows' }).click();
  await expect(dialog.getByText('映射网络驱动器')).toBeVisible();
  await shot(page, '03-drive-windows');
  await dialog.getByRole('tab', { name: 'macOS' }).click();
  await expect(dialog.getByText('连接服务器')).toBeVisible();
  await dialog.getByRole('button', { name: '创建访问令牌' }).click();
  const token = await dialog.getByText(/^wst_/).innerText();
  await shot(page, '04-drive-token');

  const authorization = `Basic ${Buffer.from(`${ADMIN.name}:${token}`).toString('base64')}`;
  const address = `${server.url}/dav/${encodeURIComponent('合同库')}/${encodeURIComponent('附件.txt')}`;
  const write = await fetch(address, { method: 'PUT', headers: { authorization }, body: '附件二' });
  expect(write.status).toBe(204);
  expect(await (await fetch(address, { headers: { authorization } })).text()).toBe('附件二');
  // The browser's own sign-in does not count there.
  expect((await page.request.get(`/dav/${encodeURIComponent('合同库')}/`)).status()).toBe(401);

  const lock =
    '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>';
  expect((await fetch(address, { method: 'LOCK', headers: { authorization }, body: lock })).status).toBe(200);
  await page.keyboard.press('Escape');
  await page.goto(`/folders/${library}`);
  await page.getByRole('link', { name: '附件.txt' }).click();
  await expect(page.getByText(/正在网络磁盘上编辑此文件/)).toBeVisible();
  await shot(page, '05-locked');
});
