// Is a whiteboard usable on a phone?
import { ADMIN, ask, expect, expectNoSidewaysScroll, expectSaved, newVisitor, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'phone-board' });

test('a board is opened and drawn on with a finger', async ({ browser, server }, info) => {
  const page = await (await newVisitor(browser, server, info)).newPage();
  await signIn(page, ADMIN);
  const { id: folder } = await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '项目组' } });
  const data = { kind: 'board', folder_id: folder, name: '现场草图' };
  const { id } = await ask<{ id: string }>(page, '/documents', { method: 'POST', data });
  await page.goto(`/documents/${id}`);
  const canvas = page.locator('.excalidraw canvas.interactive');
  await expect(canvas).toBeVisible();
  await expectSaved(page);
  await page.getByTestId('toolbar-rectangle').click({ force: true });
  const box = (await canvas.boundingBox())!;
  const finger = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number, y: number) =>
    finger.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + x, y: box.y + y }] });
  await touch('touchStart', 80, 200);
  for (let step = 1; step <= 8; step += 1) await touch('touchMove', 80 + step * 25, 200 + step * 15);
  await touch('touchEnd', 0, 0);
  await expectSaved(page);
  await expect
    .poll(async () => {
      const version = await ask<{ number: number }>(page, `/documents/${id}/versions`, { method: 'POST', data: { note: '' } });
      const scene = await ask<{ elements: { type: string }[] }>(page, `/documents/${id}/versions/${version.number}/content`);
      return scene.elements.map((element) => element.type);
    })
    .toEqual(['rectangle']);
  await expectNoSidewaysScroll(page);
  await shot(page, 'board');
});
