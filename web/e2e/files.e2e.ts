// A new user's first hour, the part with files: sign in, people, libraries, access, a folder of documents, versions.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, newPage, PHONE, picture, signIn } from './browser';
import { CORPUS, Server } from './server';

let server: Server;
let browser: Browser;
let page: Page;
let problems: string[];
let upload: string;
let libraryUrl = '';
const CHUNK = 25 * 1024 * 1024;

beforeAll(async () => {
  server = await Server.create();
  browser = await launch();
  ({ page, problems } = await newPage(browser, server));
  upload = path.join(mkdtempSync(path.join(tmpdir(), 'wenshu-files-')), '五十份');
  chooseFifty(upload);
});

afterAll(async () => {
  await browser?.close();
  await server?.remove();
  if (upload) rmSync(path.dirname(upload), { recursive: true, force: true });
});

/** Fifty real documents in two subfolders, and one that is large enough to be interrupted. */
function chooseFifty(target: string): void {
  let chosen = 0;
  for (const part of ['office', 'pdf']) {
    const folder = path.join(CORPUS, part);
    mkdirSync(path.join(target, part), { recursive: true });
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const file = path.join(folder, name);
      const to = path.join(target, part, path.basename(name));
      if (chosen >= (part === 'office' ? 30 : 50) || !statSync(file).isFile() || existsSync(to)) continue;
      cpSync(file, to);
      chosen += 1;
    }
  }
  writeFileSync(path.join(target, '大文件.bin'), Buffer.alloc(CHUNK, 'wenshu '));
}

const panel = () => page.getByRole('region', { name: '上传进度' });

async function pick(menuItem: string, files: string | string[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: menuItem, exact: true }).click();
  await (await chooser).setFiles(files);
}

test('a wrong password is explained, the right one signs in', async () => {
  await page.goto('/login');
  await page.getByRole('textbox', { name: '用户名' }).fill('admin');
  await page.getByLabel('密码', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('用户名或密码不正确').waitFor();
  await signIn(page);
  await picture(page, 'files-1-start');
});

test('users are created; a name that exists is refused at its field', async () => {
  await page.goto('/admin/users');
  for (const attempt of ['new', 'again']) {
    await page.getByRole('button', { name: '新建用户' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: '用户名' }).fill('lisi');
    await dialog.getByRole('textbox', { name: '显示名称' }).fill('李四');
    await dialog.getByLabel('密码', { exact: true }).fill('colleague-2026');
    await dialog.getByRole('button', { name: '新建', exact: true }).click();
    if (attempt === 'new') await dialog.waitFor({ state: 'detached' });
    else {
      await dialog.getByText('用户名已被使用').waitFor();
      await dialog.getByRole('button', { name: '取消' }).click();
    }
  }
  await page.getByRole('row', { name: /李四/ }).waitFor();
  await picture(page, 'files-2-users');
});

test('a library and a folder are made, and a colleague gets a role', async () => {
  await page.goto('/');
  await page.getByRole('button', { name: '新建文库' }).click();
  await page.getByRole('textbox', { name: '文库名称' }).fill('教务处档案');
  await page.getByRole('dialog').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: '教务处档案' }).waitFor();
  libraryUrl = new URL(page.url()).pathname;

  await page.getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '新建文件夹' }).click();
  await page.getByRole('textbox', { name: '文件夹名称' }).fill('内部资料');
  await page.getByRole('dialog').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('table').getByRole('link', { name: '内部资料' }).waitFor();

  await page.getByRole('button', { name: '权限' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: '添加成员或用户组' }).fill('李四');
  await page.getByRole('option', { name: /李四/ }).click();
  await dialog.getByRole('button', { name: '添加', exact: true }).click();
  await dialog.getByRole('button', { name: '移除 李四' }).waitFor();
  await picture(page, 'files-3-rights');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('a folder of fifty documents goes up while the server is stopped and started in the middle', async () => {
  await page.goto(libraryUrl);
  await pick('上传文件夹', upload);
  await panel().getByText(/正在上传：已完成 ([1-9]|\d\d) \/ 51/).waitFor();
  await picture(page, 'files-4-uploading');
  await server.stop('SIGKILL');
  await panel().getByText('等待服务器恢复，将自动继续').waitFor();
  await picture(page, 'files-5-server-away');
  await server.start();
  await panel().getByText('51 个文件已上传').waitFor({ timeout: 240_000 });
  await picture(page, 'files-6-uploaded');
  await panel().getByRole('button', { name: '关闭' }).click();
});

test('the same names again: one question, and the chosen ones become new versions', async () => {
  await page.goto(libraryUrl);
  const file = path.join(path.dirname(upload), '通知.txt');
  writeFileSync(file, '第一版');
  await pick('上传文件', file);
  await panel().getByText('1 个文件已上传').waitFor();
  await panel().getByRole('button', { name: '关闭' }).click();
  writeFileSync(file, '第二版，更长一些');
  await pick('上传文件', file);
  const dialog = page.getByRole('dialog', { name: '1 个同名文件已存在' });
  await dialog.waitFor();
  await picture(page, 'files-8-conflict');
  await dialog.getByRole('button', { name: '继续上传' }).click();
  const row = page.getByRole('row').filter({ hasText: '通知.txt' });
  await row.getByText('v2').waitFor();
});

test('a document goes to the trash and comes back', async () => {
  await page.getByRole('button', { name: '通知.txt 的操作' }).click();
  await page.getByRole('menuitem', { name: '删除' }).click();
  await page.getByRole('table').getByRole('link', { name: '通知.txt' }).waitFor({ state: 'detached' });
  await page.goto('/trash');
  await page.getByRole('button', { name: '恢复 通知.txt' }).click();
  await page.getByText('回收站是空的').waitFor();
  await page.goto(libraryUrl);
  await page.getByRole('table').getByRole('link', { name: '通知.txt' }).waitFor();
});

test('the colleague sees the library as a reader, on a phone, and may not upload', async () => {
  const { page: phone } = await newPage(browser, server, PHONE);
  await signIn(phone, 'lisi', 'colleague-2026');
  await phone.getByRole('link', { name: '教务处档案' }).first().click();
  await phone.getByRole('link', { name: '通知.txt' }).waitFor();
  expect(await phone.getByRole('button', { name: '新建', exact: true }).count()).toBe(0);
  await picture(phone, 'files-9-phone');
  await phone.context().close();
});

test('the subfolders are there, and each document says in time whether it can be shown', async () => {
  await page.goto(libraryUrl);
  await page.getByRole('table').getByRole('link', { name: '五十份' }).click();
  await page.getByRole('table').getByRole('link', { name: 'office' }).click();
  await page.getByRole('heading', { name: 'office' }).waitFor();
  await page.getByRole('img', { name: '可搜索和预览' }).first().waitFor({ timeout: Number(process.env.E2E_WAIT ?? 120_000) });
  await picture(page, 'files-7-list');
});

test('nothing broke the pages or their security policy on the way', () => {
  expect(problems).toEqual([]);
});
