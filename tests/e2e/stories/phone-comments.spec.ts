// Does commenting work with a thumb? The panel covers the text there, so going to a place in it closes the panel.
import { ADMIN, ask, expect, expectNoSidewaysScroll, expectSaved, newVisitor, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'phone-comments' });

test('a comment is written, found from the menu and answered on a phone', async ({ browser, server }, info) => {
  const page = await (await newVisitor(browser, server, info)).newPage();
  await signIn(page, ADMIN);
  const library = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '办公室' } });
  const made = await ask<{ id: string }>(page, '/documents', { method: 'POST', data: { kind: 'page', folder_id: library.id, name: '采购通知' } });
  await page.goto(`/documents/${made.id}`);
  const text = page.getByRole('textbox', { name: '正文' });
  await expect(text).toHaveAttribute('contenteditable', 'true');
  await text.tap();
  await page.keyboard.type('预算总额为八十万元');
  await expectSaved(page);
  for (let letters = 0; letters < 4; letters++) await page.keyboard.press('Shift+ArrowLeft');
  await page.getByRole('button', { name: '添加批注' }).tap();
  const drawer = page.getByRole('dialog', { name: '批注' });
  await drawer.getByRole('textbox', { name: '写下批注，可用 @ 提及同事' }).fill('请核对');
  const assignee = drawer.getByRole('combobox', { name: '指派给' }).or(drawer.getByRole('textbox', { name: '指派给' })).first();
  await assignee.tap();
  await page.getByRole('option', { name: 'admin' }).tap();
  await shot(page, '40-comment');
  await drawer.getByRole('button', { name: '发表' }).tap();
  await expect(drawer.locator('[data-thread-card]')).toContainText('请核对');
  await expectNoSidewaysScroll(page);
  await shot(page, '41-comment-sent');
  await drawer.getByRole('button', { name: /批注的文字/ }).tap();
  await expect(drawer).toHaveCount(0);
  await expect(text.locator('.comment-active')).toHaveText('八十万元');
  await shot(page, '42-comment-place');

  await expect(async () => {
    await page.goto('/assigned');
    await expect(page.getByRole('main').getByRole('link', { name: '请核对' })).toBeVisible({ timeout: 3_000 });
  }).toPass();
  await shot(page, '43-assigned');
  await page.getByRole('main').getByRole('link', { name: '请核对' }).tap();
  await drawer.getByRole('textbox', { name: /^回复/ }).fill('已核对');
  await drawer.getByRole('button', { name: '回复' }).tap();
  await expect(drawer.locator('[data-thread-card]')).toContainText('已核对');
});
