// Two people keep house: a folder comes back from the trash, evidence stays, the archive gets a quota and keeps fewer versions.
import type { Page } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROGRAM } from '../support/paths.ts';
import { ADMIN, COLLEAGUE, ask, expect, expectNoSidewaysScroll, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'lifecycle' });
test.describe.configure({ mode: 'serial' });

/** Uploads a file into a folder (a new document) or a document (a new version) by the tus protocol. */
async function upload(page: Page, target: { folder_id?: string; document_id?: string }, name: string, bytes: Buffer): Promise<string> {
  const metadata = Object.entries({ filename: name, ...target }).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`);
  const answer = await page.request.post('/api/v1/uploads', {
    headers: {
      'Tus-Resumable': '1.0.0',
      'Upload-Length': String(bytes.length),
      'Upload-Metadata': metadata.join(','),
      'Content-Type': 'application/offset+octet-stream',
    },
    data: bytes,
  });
  expect(answer.status()).toBe(201);
  return answer.headers()['wenshu-document-id']!;
}

/** The file below a folder that was written last. */
function newestFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => path.join(entry.parentPath, entry.name));
  return paths.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0]!;
}

const menuOf = (page: Page, name: string) => page.getByRole('button', { name: `${name} 的操作` });

test('a folder goes to the trash and comes back, evidence is held, storage is bounded', async ({ browser, server }, info) => {
  test.setTimeout(240_000);
  const admin = await (await newVisitor(browser, server, info)).newPage();
  const lina = await (await newVisitor(browser, server, info)).newPage();
  await signIn(admin, ADMIN);
  const { id: linaId } = await ask<{ id: string }>(admin, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  await signIn(lina, COLLEAGUE);
  const library = await ask<{ id: string }>(lina, '/folders', { method: 'POST', data: { name: '综合档案' } });
  const folder = await ask<{ id: string }>(lina, '/folders', { method: 'POST', data: { name: '采购合同', parent_id: library.id } });
  await upload(lina, { folder_id: folder.id }, '设备采购合同.txt', Buffer.from('甲方：第一中学\n'));
  await upload(lina, { folder_id: folder.id }, '验收单.txt', Buffer.from('合格\n'));

  await test.step('a folder is deleted by mistake, and the notice takes it back', async () => {
    await lina.goto(`/folders/${library.id}`);
    await menuOf(lina, '采购合同').click();
    await lina.getByRole('menuitem', { name: '删除' }).click();
    await lina.getByRole('button', { name: '移入回收站' }).click();
    await expect(lina.getByText('“采购合同”已移入回收站')).toBeVisible();
    await expect(row(lina, '采购合同')).toHaveCount(0);
    await lina.getByRole('button', { name: '撤销' }).click();
    await expect(row(lina, '采购合同')).toBeVisible();
  });

  await test.step('the trash shows a folder as one thing', async () => {
    await ask(lina, `/folders/${folder.id}`).then(() => lina.request.delete(`/api/v1/folders/${folder.id}`));
    await lina.goto('/trash');
    const entry = lina.getByRole('row', { name: '采购合同' });
    await expect(entry).toContainText('2 个文档');
    await expect(entry).toContainText('原位置：综合档案');
    await expect(entry).toContainText('李娜');
    await expect(entry).toContainText('30 天后');
    await expectNoSidewaysScroll(lina);
    await shot(lina, '130-trash-folder');
    await entry.getByRole('button', { name: '恢复 采购合同' }).click();
    await expect(lina.getByText('“采购合同”已恢复到原位置')).toBeVisible();
    await expect(lina.getByText('回收站是空的')).toBeVisible();
    const children = await ask<{ documents: unknown[] }>(lina, `/folders/${folder.id}/children`);
    expect(children.documents).toHaveLength(2);
  });

  await test.step('its place is gone: another one is chosen', async () => {
    const outer = await ask<{ id: string }>(lina, '/folders', { method: 'POST', data: { name: '临时', parent_id: library.id } });
    await upload(lina, { folder_id: outer.id }, '便条.txt', Buffer.from('便条\n'));
    const { documents } = await ask<{ documents: { id: string }[] }>(lina, `/folders/${outer.id}/children`);
    await lina.request.delete(`/api/v1/documents/${documents[0]!.id}`);
    await lina.request.delete(`/api/v1/folders/${outer.id}`);
    await lina.goto('/trash');
    await lina.getByRole('button', { name: '恢复 便条.txt' }).click();
    const dialog = lina.getByRole('dialog', { name: '恢复“便条.txt”' });
    await dialog.getByRole('treeitem', { name: '综合档案' }).getByText('综合档案').click();
    await shot(lina, '131-restore-elsewhere');
    await dialog.getByRole('button', { name: '恢复到“综合档案”' }).click();
    await expect(lina.getByText('“便条.txt”已恢复到“综合档案”')).toBeVisible();
  });

  await test.step('what is deleted for good is gone', async () => {
    await lina.getByRole('row', { name: '临时' }).getByRole('button', { name: '临时 的操作' }).click();
    await lina.getByRole('menuitem', { name: '彻底删除' }).click();
    await shot(lina, '132-purge');
    await lina.getByRole('dialog').getByRole('button', { name: '彻底删除' }).click();
    await expect(lina.getByText('回收站是空的')).toBeVisible();
  });

  await test.step('evidence is put on hold', async () => {
    await lina.goto(`/folders/${library.id}`);
    await menuOf(lina, '采购合同').click();
    await lina.getByRole('menuitem', { name: '封存…' }).click();
    const dialog = lina.getByRole('dialog', { name: '封存“采购合同”' });
    await dialog.getByLabel('封存原因').fill('合同纠纷取证，结案后解除');
    await shot(lina, '133-hold');
    await dialog.getByRole('button', { name: '封存', exact: true }).click();
    await expect(row(lina, '采购合同')).toContainText('已封存');
    await menuOf(lina, '采购合同').click();
    await expect(lina.getByRole('menuitem', { name: '删除' })).toBeDisabled();
    await lina.keyboard.press('Escape');
    await lina.goto(`/folders/${folder.id}`);
    await expect(row(lina, '验收单.txt')).toContainText('已封存');
    await shot(lina, '134-held');
    const refused = await lina.request.delete(`/api/v1/folders/${library.id}`);
    expect(refused.status()).toBe(409);
  });

  await test.step('the administrator sets a quota, and the library shows it', async () => {
    await admin.goto('/admin/usage');
    await expect(admin.getByRole('row', { name: /综合档案/ })).toBeVisible();
    await admin.getByRole('button', { name: '修改 综合档案 的额度' }).click();
    const dialog = admin.getByRole('dialog', { name: '“综合档案”的额度' });
    await dialog.getByRole('radio', { name: '单独限定' }).check();
    await dialog.getByLabel('最多可用').fill('1');
    await dialog.getByLabel('单位').click();
    await admin.getByRole('option', { name: 'MB' }).click();
    await shot(admin, '135-quota-dialog');
    await dialog.getByRole('button', { name: '保存' }).click();
    await expect(admin.getByRole('row', { name: /综合档案/ })).toContainText('1.0 MB');
    await shot(admin, '136-usage');
    await upload(lina, { folder_id: library.id }, '扫描件.bin', Buffer.alloc(960 * 1024, 7));
    await lina.goto(`/folders/${library.id}`);
    await expect(lina.getByRole('progressbar', { name: '文库的存储用量' })).toBeVisible();
    // Who has little left hears of it before choosing files, also further down.
    await expect(lina.getByRole('main').getByRole('status')).toContainText('文库的存储空间仅剩 64.0 KB');
    await shot(lina, '137-library-usage');
    await lina.goto(`/folders/${folder.id}`);
    // What is still loading is a status, too.
    await expect(lina.getByRole('main').getByRole('status').filter({ hasText: '文库的存储空间仅剩' })).toBeVisible();
    await lina.goto(`/folders/${library.id}`);

    // What does not fit is refused before it is sent.
    const chooser = lina.waitForEvent('filechooser');
    await lina.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
    await lina.getByRole('menuitem', { name: '上传文件' }).first().click();
    await (await chooser).setFiles({ name: '太大.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(200 * 1024, 9) });
    const reason = lina.getByRole('region', { name: '上传进度' }).getByText('文库的存储空间不足');
    await expect(reason).toBeVisible();
    // The whole of it can be read: it says what to do.
    expect(await reason.evaluate((text) => text.scrollWidth <= text.clientWidth && text.scrollHeight <= text.clientHeight)).toBe(true);
    await shot(lina, '138-quota-exceeded');
    await lina.getByRole('button', { name: /李娜/ }).click();
    await expect(lina.getByRole('menu').getByText(/^已用/)).toBeVisible();
    await shot(lina, '139-account-menu');
    await lina.keyboard.press('Escape');
    expect(linaId).toHaveLength(36);
  });

  await test.step('the administrator sees whether everything stored is intact', async () => {
    const command = (...words: string[]) => spawnSync(PROGRAM, [...words, '--data', server.data], { encoding: 'utf8' });
    const openHealth = async () => {
      await admin.goto('/admin/usage');
      await admin.getByRole('tab', { name: '完整性检查' }).click();
    };
    await openHealth();
    await expect(admin.getByText('还没有检查过')).toBeVisible();
    expect(command('verify').status).toBe(0);
    await openHealth();
    await expect(admin.getByText('全部内容完好')).toBeVisible();
    const damaged = await upload(lina, { folder_id: folder.id }, '会坏的文件.bin', randomBytes(20_000));
    const chunk = newestFile(path.join(server.data, 'objects', 'chunks'));
    const bytes = readFileSync(chunk);
    bytes[10_000]! ^= 1;
    writeFileSync(chunk, bytes);
    expect(command('verify').status).toBe(1);
    await openHealth();
    await expect(admin.getByRole('alert')).toContainText('发现 1 个版本已损坏');
    await expect(admin.getByRole('row', { name: '会坏的文件.bin' })).toContainText('第 1 版');
    await expectNoSidewaysScroll(admin);
    await shot(admin, '139b-damaged');
    // What the page advises helps.
    bytes[10_000]! ^= 1;
    await upload(lina, { document_id: damaged }, '会坏的文件.bin', bytes.subarray(1));
    expect(command('verify').stdout).toContain('intact');
    await openHealth();
    await expect(admin.getByText('全部内容完好')).toBeVisible();
  });

  await test.step('the library keeps fewer versions', async () => {
    await admin.request.put(`/api/v1/usage/libraries/${library.id}/quota`, { data: { kind: 'default' } });
    const often = await upload(lina, { folder_id: library.id }, '周报.txt', Buffer.from('1'));
    for (const text of ['2', '3', '4']) await upload(lina, { document_id: often }, '周报.txt', Buffer.from(text));
    await lina.goto('/');
    await menuOf(lina, '综合档案').click();
    await lina.getByRole('menuitem', { name: '版本保留…' }).click();
    const dialog = lina.getByRole('dialog', { name: '“综合档案”的版本保留' });
    await dialog.getByRole('radio', { name: '按时间逐步精简旧版本' }).check();
    await expect(dialog.getByRole('status')).toContainText('现在没有需要清理的版本');
    await shot(lina, '140-retention');
    await dialog.getByRole('button', { name: '保存' }).click();
    await expect(lina.getByText('版本保留规则已保存')).toBeVisible();
    const { rule } = await ask<{ rule: { keep_all_days: number } }>(lina, `/folders/${library.id}/retention`);
    expect(rule.keep_all_days).toBe(30);
  });
});
