// Is the editor one for a phone too? Tools behind one button, the outline in a drawer, nothing wider than the screen.
import type { Locator, Page } from '@playwright/test';
import { ADMIN, ask, expect, expectNoSidewaysScroll, expectSaved, newVisitor, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'phone-editor' });

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });

test('a report is written on a phone', async ({ browser, server }, info) => {
  const page = await (await newVisitor(browser, server, info)).newPage();
  await signIn(page, ADMIN);
  const library = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '外勤' } });
  const { id } = await ask<{ id: string }>(page, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: '周报' } });
  await page.goto(`/documents/${id}?template=weekly`);
  await expect(text(page).getByText('工作周报')).toBeVisible();
  await expectSaved(page);
  await expectNoSidewaysScroll(page);
  await shot(page, '40-editor');

  const toolbar = page.getByRole('toolbar', { name: '格式' });
  await expect(toolbar.getByRole('button', { name: '项目符号列表' })).toBeHidden();
  await toolbar.getByRole('button', { name: '更多工具' }).click();
  await text(page).locator('td').first().tap();
  await page.keyboard.insertText('走访三家单位');
  await toolbar.getByRole('button', { name: '加粗' }).tap();
  await page.keyboard.insertText('（已完成）');
  await expect(text(page).locator('td strong')).toHaveText('（已完成）');
  await expectNoSidewaysScroll(page);
  await shot(page, '41-tools');
  await toolbar.getByRole('button', { name: '收起工具' }).click();

  await page.getByRole('button', { name: '大纲' }).click();
  const drawer = page.getByRole('dialog', { name: '大纲' });
  await expect(drawer.getByRole('listitem')).toHaveCount(4);
  await shot(page, '42-outline');
  await drawer.getByRole('button', { name: '三、问题与需要的支持' }).click();
  await expect(drawer).toBeHidden();
  await expect(text(page).getByRole('heading', { name: '三、问题与需要的支持' })).toBeInViewport();
  await expectSaved(page);
});
