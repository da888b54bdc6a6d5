// Do two people draw on one board? Shapes, text, a picture, pointers, versions; a reader looks on; nothing is asked of the
// world outside.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { ADMIN, ask, COLLEAGUE, expect, expectSaved, newVisitor, OUTSIDER, row, search, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'board' });

interface Scene {
  elements: { id: string; type: string; x: number; y: number; width: number; text?: string; strokeColor: string; fileId?: string }[];
  files: Record<string, { document: string }>;
}

let page: Page;
let colleague: Page;
let board: string;
let library: string;
/** Addresses that a browser asked for outside the server. */
const outside: string[] = [];
const complaints: string[] = [];

function watch(one: Page, server: string): void {
  one.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(server) && !address.startsWith(server.replace('http', 'ws')) && !/^(data|blob|about|chrome-error):/.test(address)) {
      outside.push(address);
    }
  });
  one.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  one.on('pageerror', (error) => complaints.push(String(error)));
}

/** What the board shows now, as the server stores it. */
async function scene(): Promise<Scene> {
  const version = await ask<{ number: number }>(page, `/documents/${board}/versions`, { method: 'POST', data: { note: '' } });
  return ask<Scene>(page, `/documents/${board}/versions/${version.number}/content`);
}

const canvas = (on: Page) => on.locator('.excalidraw canvas.interactive');

async function opened(on: Page): Promise<void> {
  await expect(canvas(on)).toBeVisible();
  await expect(on.getByRole('status').and(on.locator('[data-state="saved"]'))).toBeVisible({ timeout: 60_000 });
}

async function drag(on: Page, from: [number, number], to: [number, number]): Promise<void> {
  const box = (await canvas(on).boundingBox())!;
  await on.mouse.move(box.x + from[0], box.y + from[1]);
  await on.mouse.down();
  await on.mouse.move(box.x + (from[0] + to[0]) / 2, box.y + (from[1] + to[1]) / 2, { steps: 4 });
  await on.mouse.move(box.x + to[0], box.y + to[1], { steps: 4 });
  await on.mouse.up();
}

async function type(on: Page, at: [number, number], text: string): Promise<void> {
  await on.keyboard.press('t');
  const box = (await canvas(on).boundingBox())!;
  await on.mouse.click(box.x + at[0], box.y + at[1]);
  await on.locator('textarea.excalidraw-wysiwyg').fill(text);
  await on.keyboard.press('Escape');
}

/** A red square, as a PNG. */
function picture(): Buffer {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
    return out;
  };
  const header = Buffer.from([0, 0, 0, 120, 0, 0, 0, 120, 8, 2, 0, 0, 0]);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(360, Buffer.from([200, 30, 30]))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: 120 }, () => line)));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** How many pixels of the board are nearly this colour. */
function painted(on: Page, red: number, green: number, blue: number): Promise<number> {
  return on.locator('.excalidraw canvas.static').evaluate(
    (element, [r, g, b]) => {
      const target = element as HTMLCanvasElement;
      const { data } = target.getContext('2d')!.getImageData(0, 0, target.width, target.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (Math.abs(data[at]! - r!) + Math.abs(data[at + 1]! - g!) + Math.abs(data[at + 2]! - b!) < 60) count += 1;
      }
      return count;
    },
    [red, green, blue],
  );
}

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
  watch(page, server.url);
  await signIn(page, ADMIN);
  for (const person of [COLLEAGUE, OUTSIDER]) {
    await ask(page, '/users', { method: 'POST', data: { name: person.name, display_name: person.display, password: person.password } });
  }
  library = (await ask<{ id: string }>(page, '/folders', { method: 'POST', data: { name: '项目组' } })).id;
  const people = await ask<{ items: { id: string; name: string }[] }>(page, '/users');
  for (const [person, role] of [[COLLEAGUE, 'editor'], [OUTSIDER, 'reader']] as const) {
    const { id } = people.items.find((one) => one.name === person.name)!;
    const granted = await page.request.put(`/api/v1/folders/${library}/grants/user/${id}`, { data: { role } });
    expect(granted.status()).toBe(204);
  }
});

test('a whiteboard is made like a page', async () => {
  await page.goto(`/folders/${library}`);
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '新建白板' }).click();
  await page.getByRole('dialog').getByLabel('白板名称').fill('审批流程讨论');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).click();
  await opened(page);
  board = new URL(page.url()).pathname.split('/').pop()!;
  await shot(page, '40-board-empty');
});

test('two people draw on one board, and each sees the other', async ({ browser, server }, info) => {
  colleague = await (await newVisitor(browser, server, info)).newPage();
  watch(colleague, server.url);
  await signIn(colleague, COLLEAGUE);
  await colleague.goto(`/documents/${board}`);
  await opened(colleague);
  await page.keyboard.press('r');
  await drag(page, [380, 150], [560, 230]);
  await page.keyboard.press('Escape');
  await type(page, [400, 270], '第一步：部门申请');
  await colleague.keyboard.press('o');
  await drag(colleague, [680, 150], [860, 230]);
  await colleague.keyboard.press('Escape');
  await type(colleague, [700, 270], '第二步：办公室审核');
  await colleague.keyboard.press('a');
  await drag(colleague, [570, 190], [670, 190]);
  await colleague.keyboard.press('Escape');
  for (const one of [page, colleague]) await expectSaved(one);
  await colleague.mouse.move(760, 420);
  await expect(page.getByRole('group', { name: '1 位同事在线' })).toBeVisible();
  const { elements } = await scene();
  expect(elements.map((one) => one.type).sort()).toEqual(['arrow', 'ellipse', 'rectangle', 'text', 'text']);
  await shot(page, '41-board-together');
  await shot(colleague, '42-board-colleague');
});

test('both change one element at once, and both changes hold', async () => {
  const before = (await scene()).elements.find((one) => one.type === 'rectangle')!;
  // Ada holds the box while her colleague paints it.
  const box = (await canvas(page).boundingBox())!;
  await page.keyboard.press('v');
  await page.mouse.move(box.x + 381, box.y + 190);
  await page.mouse.down();
  await page.mouse.move(box.x + 381, box.y + 330, { steps: 6 });
  await colleague.keyboard.press('v');
  await colleague.keyboard.press('Control+a');
  await colleague.locator('[data-testid="color-top-pick-#e03131"]').first().click();
  await expectSaved(colleague);
  await page.mouse.move(box.x + 381, box.y + 350, { steps: 3 });
  await page.mouse.up();
  await expectSaved(page);
  await expect
    .poll(async () => {
      const after = (await scene()).elements.find((one) => one.id === before.id)!;
      return [Math.round(after.y - before.y) > 100, after.strokeColor];
    })
    .toEqual([true, '#e03131']);
  expect((await scene()).elements).toHaveLength(5);
});

test('a shape that comes to nothing leaves nothing', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('d');
  // Shared while it is drawn, and dropped when it is finished without any height.
  const box = (await canvas(page).boundingBox())!;
  await page.mouse.move(box.x + 420, box.y + 420);
  await page.mouse.down();
  await page.mouse.move(box.x + 520, box.y + 420, { steps: 6 });
  await expect.poll(async () => (await scene()).elements.length).toBe(6);
  await page.mouse.up();
  await expect.poll(async () => (await scene()).elements.length).toBe(5);
  await expectSaved(page);
});

test('undo takes back my own strokes alone', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('d');
  await drag(page, [420, 420], [520, 470]);
  await page.keyboard.press('Escape');
  await expectSaved(page);
  await colleague.keyboard.press('Escape');
  await colleague.keyboard.press('r');
  await drag(colleague, [700, 420], [800, 480]);
  await expectSaved(colleague);
  await expect.poll(async () => (await scene()).elements.length).toBe(7);
  // Letting go of the shape is a step of its own.
  const kinds = async () => (await scene()).elements.map((one) => one.type).sort();
  for (let step = 0; step < 3 && (await kinds()).includes('diamond'); step += 1) {
    await page.keyboard.press('Control+z');
    await page.waitForTimeout(300);
    await expectSaved(page);
  }
  expect(await kinds()).toEqual(['arrow', 'ellipse', 'rectangle', 'rectangle', 'text', 'text']);
});

test('a picture is stored with the board and shown to the other', async () => {
  await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], '现场.png', { type: 'image/png' }));
    const area = document.querySelector('.excalidraw canvas.interactive')!;
    const box = area.getBoundingClientRect();
    const where = { clientX: box.x + 640, clientY: box.y + 480, bubbles: true, cancelable: true, dataTransfer: data };
    area.dispatchEvent(new DragEvent('drop', where));
  }, picture().toString('base64'));
  await expect.poll(() => painted(page, 200, 30, 30)).toBeGreaterThan(5_000);
  await expectSaved(page);
  await expect.poll(() => painted(colleague, 200, 30, 30), { timeout: 30_000 }).toBeGreaterThan(5_000);
  const { elements, files } = await scene();
  const { fileId } = elements.find((one) => one.type === 'image')!;
  const stored = await ask<{ attached_to: string }>(page, `/documents/${files[fileId!]!.document}`);
  expect(stored.attached_to).toBe(board);
  expect(JSON.stringify(files).length, 'the bytes are not in the document').toBeLessThan(500);
  await shot(colleague, '43-board-picture');
  // It is not in the folder.
  await page.goto(`/folders/${library}`);
  await expect(row(page, '审批流程讨论')).toBeVisible();
  await expect(page.getByRole('table', { name: '文件夹内容' }).getByRole('link')).toHaveCount(1);
  await shot(page, '44-board-in-folder');
  await page.goto(`/documents/${board}`);
  await opened(page);
  await expect.poll(() => painted(page, 200, 30, 30), { timeout: 30_000 }).toBeGreaterThan(5_000);
});

test('what is written on the board is found', async () => {
  await expect
    .poll(async () => (await ask<{ total: number }>(page, `/search?q=${encodeURIComponent('办公室审核')}`)).total, { timeout: 60_000 })
    .toBe(1);
  const hits = await search(page, '办公室审核');
  await expect(hits).toHaveCount(1);
  await expect(hits.first()).toContainText('审批流程讨论');
  await shot(page, '45-board-found');
});

test('a reader looks on and cannot draw', async ({ browser, server }, info) => {
  const reader = await (await newVisitor(browser, server, info)).newPage();
  watch(reader, server.url);
  await signIn(reader, OUTSIDER);
  await reader.goto(`/documents/${board}`);
  await expect(canvas(reader)).toBeVisible();
  await expect(reader.getByText('只读', { exact: true })).toBeVisible();
  await expect.poll(() => painted(reader, 200, 30, 30), { timeout: 30_000 }).toBeGreaterThan(1_000);
  await expect(reader.getByTestId('toolbar-rectangle')).toHaveCount(0);
  const count = (await scene()).elements.length;
  await reader.keyboard.press('r');
  await drag(reader, [300, 300], [500, 500]);
  await shot(reader, '46-board-reader');
  // And follows what others draw.
  const red = await painted(reader, 47, 158, 68);
  await colleague.keyboard.press('Escape');
  await colleague.keyboard.press('v');
  await colleague.keyboard.press('Control+a');
  await colleague.locator('[data-testid="color-top-pick-#2f9e44"]').first().click();
  await expectSaved(colleague);
  await expect.poll(() => painted(reader, 47, 158, 68)).toBeGreaterThan(red + 100);
  expect((await scene()).elements).toHaveLength(count);
  await reader.context().close();
});

test('an older version is looked at and brought back in front of everybody', async () => {
  await page.goto(`/documents/${board}`);
  await opened(page);
  await page.getByRole('button', { name: '版本历史' }).click();
  await expect(page.getByRole('button', { name: '恢复版本 1', exact: true })).toBeVisible();
  await shot(page, '47-board-versions');
  await page.goto(`/documents/${board}?version=1`);
  await expect(canvas(page)).toBeVisible();
  await expect(page.getByRole('link', { name: '回到当前内容' })).toBeVisible();
  await shot(page, '48-board-version-1');
  await ask(page, `/documents/${board}/versions/1/restore`, { method: 'POST', data: {} });
  await expect.poll(() => painted(colleague, 200, 30, 30), { timeout: 30_000 }).toBeLessThan(100);
  expect((await scene()).elements.map((one) => one.type).sort()).toEqual(['arrow', 'ellipse', 'rectangle', 'text', 'text']);
  await shot(colleague, '49-board-restored');
});

test('the dark board speaks English to who wants it', async ({ browser, server }, info) => {
  const context = await newVisitor(browser, server, info, 'en-GB');
  const dark = await context.newPage();
  await dark.emulateMedia({ colorScheme: 'dark' });
  watch(dark, server.url);
  await dark.request.post('/api/v1/session', { data: { name: ADMIN.name, password: ADMIN.password } });
  await dark.goto(`/documents/${board}`);
  await expect(canvas(dark)).toBeVisible();
  await dark.getByTestId('main-menu-trigger').click();
  await expect(dark.getByText('Export image...')).toBeVisible();
  await shot(dark, '50-board-dark-english');
  await context.close();
});

test('the board leaves as a picture, a drawing and a file', async ({ browser, server }, info) => {
  const context = await newVisitor(browser, server, info);
  // As in a browser that is not asked where to put a file.
  await context.addInitScript(() => ['showOpenFilePicker', 'showSaveFilePicker'].forEach((name) => Reflect.deleteProperty(window, name)));
  const reader = await context.newPage();
  watch(reader, server.url);
  await signIn(reader, OUTSIDER);
  await reader.goto(`/documents/${board}`);
  await expect(canvas(reader)).toBeVisible();
  const save = async (button: string) => {
    const download = reader.waitForEvent('download');
    await reader.getByRole('dialog').getByRole('button', { name: button }).click();
    return readFileSync(await (await download).path());
  };
  await reader.getByTestId('main-menu-trigger').click();
  await reader.getByText('导出图片...').click();
  await expect(reader.getByRole('dialog')).toBeVisible();
  await reader.waitForTimeout(1_000);
  await shot(reader, '51-board-export');
  const png = await save('导出为 PNG');
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const svg = (await save('导出为 SVG')).toString();
  expect(svg).toContain('第二步：办公室审核');
  expect(svg.match(/(?:href|src|url)[=(]["']?https?:[^"')]*/g) ?? []).toEqual([]);
  await reader.keyboard.press('Escape');
  await reader.getByTestId('main-menu-trigger').click();
  await reader.getByText('保存到...').click();
  const file = JSON.parse((await save('保存为文件')).toString()) as Scene;
  expect(file.elements.filter((one) => one.type === 'text')).toHaveLength(2);
  await context.close();
});

test('nothing was asked of the world outside, and nothing failed', () => {
  expect(outside).toEqual([]);
  expect(complaints.filter((text) => !/WebAssembly|Failed to load resource.*(40[139])/.test(text))).toEqual([]);
});
