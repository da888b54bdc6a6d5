// Can a scan be looked at before it is read, and a protected file be opened by who knows its password? As an office meets both.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { corpusFile } from '../support/corpus.ts';
import { ADMIN, ask, expect, expectPageDrawn, newVisitor, row, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'scans-and-passwords' });
test.setTimeout(600_000);

async function upload(page: Page, folder: string, name: string, file: string): Promise<string> {
  const bytes = readFileSync(corpusFile(file));
  const encode = (text: string) => Buffer.from(text).toString('base64');
  const response = await page.request.post('/api/v1/uploads', {
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${encode(name)},folder_id ${encode(folder)}`,
      'content-type': 'application/offset+octet-stream',
    },
    data: bytes,
  });
  expect(response.status(), path.basename(file)).toBe(201);
  return response.headers()['wenshu-document-id']!;
}

test('a protected file asks for its password, a scan is shown while it is read', async ({ browser, server }, info) => {
  const context = await newVisitor(browser, server, info);
  const page = await context.newPage();
  await signIn(page, ADMIN);
  const { id: folder } = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '档案室' } });
  const locked = await upload(page, folder, '招标投标法（加密）.pdf', 'pdf/encrypted/zh-chinese-password.pdf');

  await page.goto(`/documents/${locked}`);
  const field = page.getByLabel('文档密码');
  await expect(field).toBeVisible({ timeout: 120_000 });
  await shot(page, 'password-asked');
  await field.fill('不是这个');
  await page.getByRole('button', { name: '打开文档' }).click();
  await expect(page.getByText('密码不正确，无法打开此文档')).toBeVisible();
  await shot(page, 'password-wrong');
  await field.fill('文档密码2024');
  await page.getByRole('button', { name: '打开文档' }).click();
  await expectPageDrawn(page, 1);
  await shot(page, 'password-opened');

  const scan = await upload(page, folder, '森林法（扫描件）.pdf', 'pdf/scan/zh-forest-law-skewed-200dpi.pdf');
  await page.goto(`/documents/${scan}`);
  await expectPageDrawn(page, 1);
  await expect(page.getByText(/正在识别文字 \d\/3/)).toBeVisible();
  await shot(page, 'scan-being-read');
  await page.goto(`/folders/${folder}`);
  await expect(row(page, '森林法（扫描件）.pdf')).toBeVisible();
  await shot(page, 'scan-in-list');
  await page.goto(`/documents/${scan}`);
  await expect(page.getByText(/正在识别文字/)).toBeHidden({ timeout: 300_000 });
  // The text arrived without loading the page anew.
  await expect(page.locator('[data-page="1"]')).toContainText('森林', { timeout: 60_000 });
  await shot(page, 'scan-read');
  await context.close();
});
