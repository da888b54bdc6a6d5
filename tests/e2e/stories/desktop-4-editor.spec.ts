// Can one write an office's documents here? Styles, lists, tables, pictures, find and replace, names, templates, paper.
import type { Locator, Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUILD } from '../support/paths.ts';
import { ADMIN, ask, choose, COLLEAGUE, expect, expectSaved, newVisitor, shot, signIn, test } from '../support/story.ts';

test.use({ story: 'editor' });

let chief: Page;
let colleague: Page;
let library: string;

const text = (page: Page): Locator => page.getByRole('textbox', { name: '正文' });
const toolbar = (page: Page): Locator => page.getByRole('toolbar', { name: '格式' });
const tool = (page: Page, name: string): Locator => toolbar(page).getByRole('button', { name, exact: true });

/** A new page in the browser, empty or from a template. */
async function openPage(page: Page, name: string, template?: string): Promise<string> {
  await page.goto(`/folders/${library}`);
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: '新建在线文档' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('文档名称').fill(name);
  if (template) await dialog.getByRole('radio', { name: template }).click();
  if (template === '红头公文') await shot(page, '40-templates');
  await dialog.getByRole('button', { name: '新建' }).click();
  await expect(text(page)).toBeEditable();
  return page.url().replace(/\?.*/, '');
}

/** Pastes as from another program. */
async function paste(page: Page, parts: Record<string, string>): Promise<void> {
  await text(page).evaluate((element, parts) => {
    const clipboardData = new DataTransfer();
    for (const [type, value] of Object.entries(parts)) clipboardData.setData(type, value);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, parts);
}

async function setStyle(page: Page, name: string): Promise<void> {
  await choose(page, page.getByRole('combobox', { name: '样式' }), name);
}

test.beforeAll(async ({ browser, server }, info) => {
  chief = await (await newVisitor(browser, server, info)).newPage();
  colleague = await (await newVisitor(browser, server, info)).newPage();
  await chief.setViewportSize({ width: 1440, height: 900 });
  await colleague.setViewportSize({ width: 1440, height: 900 });
  await signIn(chief, ADMIN);
  const user = await ask<{ id: string }>(chief, '/users', {
    method: 'POST',
    data: { name: COLLEAGUE.name, display_name: COLLEAGUE.display, password: COLLEAGUE.password },
  });
  library = (await ask<{ id: string }>(chief, '/folders', { method: 'POST', data: { name: '办公室' } })).id;
  const given = await chief.request.put(`/api/v1/folders/${library}/grants/user/${user.id}`, { data: { role: 'editor' } });
  expect(given.ok()).toBe(true);
  await signIn(colleague, COLLEAGUE);
});

test('styles, headings and an outline that leads through them', async () => {
  await openPage(chief, '年度报告');
  await text(chief).click();
  await setStyle(chief, '文档标题');
  await chief.keyboard.type('年度工作报告');
  await chief.keyboard.press('Enter');
  // Behind a title comes plain text.
  await expect(chief.getByRole('combobox', { name: '样式' })).toHaveValue('正文');
  for (const [style, words] of [['标题 1', '总体情况'], ['标题 2', '主要成绩'], ['标题 3', '档案管理'], ['标题 1', '下一步打算']] as const) {
    await setStyle(chief, style);
    await chief.keyboard.type(words);
    await chief.keyboard.press('Enter');
    for (let index = 0; index < 6; index += 1) {
      await chief.keyboard.insertText(`${words}的第${index + 1}段。认真贯彻落实各项工作部署，扎实推进重点任务，各项工作取得了新的进展。`);
      await chief.keyboard.press('Enter');
    }
  }
  await chief.getByRole('button', { name: '大纲' }).click();
  const outline = chief.getByRole('navigation', { name: '大纲' });
  await expect(outline.getByRole('listitem')).toHaveCount(5);
  await outline.getByRole('button', { name: '主要成绩', exact: true }).click();
  await expect(outline.locator('[aria-current=location]')).toHaveText('主要成绩');
  await expect(text(chief).getByRole('heading', { name: '主要成绩' })).toBeInViewport();
  await outline.getByRole('button', { name: '收起“总体情况”下的标题' }).click();
  await expect(outline.getByRole('listitem')).toHaveCount(3);
  await outline.getByRole('button', { name: '展开“总体情况”下的标题' }).click();
  await expect(chief.getByRole('group', { name: '状态栏' })).toContainText(/\d+ 字/);
  await shot(chief, '41-outline');
  await chief.getByRole('complementary', { name: '侧栏' }).getByRole('button', { name: '关闭' }).click();
});

test('lists: nested by Tab, Chinese numbers, another start', async () => {
  await openPage(chief, '清单');
  await text(chief).click();
  await tool(chief, '编号样式').click();
  await chief.getByRole('menuitem', { name: '一、二、三、' }).click();
  await chief.keyboard.type('总体要求');
  await chief.keyboard.press('Enter');
  await chief.keyboard.press('Tab');
  await chief.keyboard.type('目标');
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('原则');
  await expect(text(chief).locator('ol[type=cjk] > li > ol > li')).toHaveCount(2);
  await tool(chief, '编号样式').click();
  await chief.getByRole('menuitem', { name: '（一）（二）（三）' }).click();
  await expect(text(chief).locator('ol[type=cjk] > li > ol[type=cjk-paren] > li')).toHaveCount(2);
  await chief.keyboard.press('Enter');
  await chief.keyboard.press('Shift+Tab');
  await chief.keyboard.type('主要任务');
  await expect(text(chief).locator('> ol > li')).toHaveCount(2);
  await tool(chief, '编号样式').click();
  await chief.getByLabel('起始编号').fill('3');
  await chief.keyboard.press('Escape');
  await expect(text(chief).locator('> ol')).toHaveAttribute('start', '3');
  await text(chief).locator('li').last().click();
  await chief.keyboard.press('End');
  await chief.keyboard.press('Enter');
  await chief.keyboard.press('Enter');
  await tool(chief, '任务列表').click();
  await chief.keyboard.type('起草');
  await text(chief).locator('input[type=checkbox]').check();
  await expect(text(chief).locator('li[data-checked=true] p')).toHaveText('起草');
  await expectSaved(chief);
  await shot(chief, '42-lists');
});

test('a table: its size picked, cells merged and coloured, a column drawn wider, rows added', async () => {
  const address = await openPage(chief, '预算表');
  await text(chief).click();
  await tool(chief, '表格').click();
  await chief.getByRole('button', { name: '4 行 3 列' }).click();
  const table = text(chief).locator('table');
  await expect(table.locator('tr')).toHaveCount(4);
  await expect(table.locator('th')).toHaveCount(3);
  for (const words of ['部门', '项目', '金额', '办公室', '设备', '12000', '', '培训', '8000']) {
    if (words) await chief.keyboard.type(words);
    await chief.keyboard.press('Tab');
  }
  // Two cells below each other become one.
  const [first, second] = [table.locator('tr:nth-child(2) > td').first(), table.locator('tr:nth-child(3) > td').first()];
  await first.click();
  await second.click({ modifiers: ['Shift'] });
  await expect(table.locator('.selectedCell')).toHaveCount(2);
  await shot(chief, '43-table-tools');
  const bubble = chief.getByRole('toolbar', { name: '表格工具' });
  await bubble.getByRole('button', { name: '合并单元格' }).click();
  await expect(table.locator('td[rowspan="2"]')).toHaveText('办公室');
  await bubble.getByRole('button', { name: '单元格底色' }).click();
  await chief.getByRole('button', { name: '单元格底色 #a5d8ff' }).click();
  await expect(table.locator('td[rowspan="2"]')).toHaveCSS('background-color', 'rgb(165, 216, 255)');
  await table.getByText('8000').click();
  await bubble.getByRole('button', { name: '在下方插入行' }).click();
  await expect(table.locator('tr')).toHaveCount(5);
  await bubble.getByRole('button', { name: '在右侧插入列' }).click();
  await expect(table.locator('tr').first().locator('th')).toHaveCount(4);
  await table.locator('th').last().click();
  await bubble.getByRole('button', { name: '删除列' }).click();
  await expect(table.locator('tr').first().locator('th')).toHaveCount(3);
  await table.getByText('设备').click();
  await expect(bubble.getByRole('button', { name: '拆分单元格' })).toBeDisabled();
  await table.getByText('办公室').click();
  await expect(bubble.getByRole('button', { name: '拆分单元格' })).toBeEnabled();
  // The border between two columns is drawn to the right.
  const cell = (await table.locator('th').first().boundingBox())!;
  await chief.mouse.move(cell.x + cell.width - 20, cell.y + 10);
  await chief.mouse.move(cell.x + cell.width - 1, cell.y + 10, { steps: 4 });
  await expect(table.locator('.column-resize-handle').first()).toBeVisible();
  await chief.mouse.down();
  await chief.mouse.move(cell.x + cell.width + 79, cell.y + 10, { steps: 5 });
  await chief.mouse.up();
  await expect.poll(async () => (await table.locator('th').first().boundingBox())!.width).toBeGreaterThan(cell.width + 40);
  await expectSaved(chief);
  await shot(chief, '44-table');
  await colleague.goto(address);
  await expect(text(colleague).locator('td[rowspan="2"]')).toContainText('办公室');
  await expect(text(colleague).locator('td[rowspan="2"]')).toHaveCSS('background-color', 'rgb(165, 216, 255)');
  await expect.poll(async () => (await text(colleague).locator('th').first().boundingBox())!.width).toBeGreaterThan(cell.width + 40);
});

test('find and replace: counted, stepped through, replaced in one step of undo', async () => {
  await openPage(chief, '查找');
  await text(chief).click();
  await chief.keyboard.insertText('电子档案应当归档。档案室负责档案的保管，Archive 与 archive 同义。');
  await chief.keyboard.press('Enter');
  await chief.keyboard.insertText('2026年11月20日，档案移交。');
  await chief.keyboard.press('Control+f');
  const bar = chief.getByRole('search', { name: '查找和替换' });
  await bar.getByLabel('查找内容').fill('档案');
  // The cursor is at the end: the search begins again from above.
  await expect(bar.getByRole('status')).toHaveText('1 / 4');
  await chief.keyboard.press('Enter');
  await expect(bar.getByRole('status')).toHaveText('2 / 4');
  await chief.keyboard.press('Shift+Enter');
  await expect(bar.getByRole('status')).toHaveText('1 / 4');
  await expect(text(chief).locator('.found')).toHaveCount(4);
  await bar.getByLabel('查找内容').fill('archive');
  await expect(bar.getByRole('status')).toHaveText(/\/ 2$/);
  await bar.getByRole('button', { name: '区分大小写' }).click();
  await expect(bar.getByRole('status')).toHaveText(/\/ 1$/);
  await bar.getByRole('button', { name: '正则表达式' }).click();
  await bar.getByLabel('查找内容').fill('(\\d+)年(');
  await expect(bar.getByRole('status')).toHaveText('表达式有误');
  await bar.getByLabel('查找内容').fill('(\\d+)年(\\d+)月(\\d+)日');
  await chief.keyboard.press('Control+h');
  await bar.getByLabel('替换为').fill('$1-$2-$3');
  await bar.getByRole('button', { name: '替换', exact: true }).last().click();
  await expect(text(chief)).toContainText('2026-11-20，档案移交。');
  await bar.getByRole('button', { name: '正则表达式' }).click();
  await bar.getByLabel('查找内容').fill('档案');
  await bar.getByLabel('替换为').fill('文件');
  await shot(chief, '45-find-replace');
  await bar.getByRole('button', { name: '全部替换' }).click();
  await expect(text(chief)).not.toContainText('档案');
  await expect(text(chief)).toContainText('电子文件应当归档。文件室负责文件的保管');
  await chief.keyboard.press('Escape');
  // One step back, and all of them are there again; what was replaced before is not touched.
  await chief.keyboard.press('Control+z');
  await expect(text(chief)).toContainText('电子档案应当归档。档案室负责档案的保管');
  await expect(text(chief)).toContainText('2026-11-20，档案移交。');
});

test('a colleague is mentioned by a part of the name', async () => {
  await openPage(chief, '提及');
  await text(chief).click();
  await chief.keyboard.type('请 @lin');
  const list = chief.getByRole('listbox', { name: '提及同事' });
  await expect(list.getByRole('option')).toHaveText(['李娜lina']);
  await shot(chief, '46-mention');
  await chief.keyboard.press('Enter');
  await expect(text(chief).locator('[data-type=mention]')).toHaveText('@李娜');
  await chief.keyboard.insertText('审阅，抄送@不存在的人');
  await expect(list).toHaveText('没有找到同事');
  await chief.keyboard.press('Escape');
  await expect(list).toBeHidden();
  // In the middle of a mail address nobody is meant.
  await chief.keyboard.press('Enter');
  await chief.keyboard.type('a@lin');
  await expect(list).toBeHidden();
});

test('a picture is dropped in, made smaller by its handle, put in the middle and described', async () => {
  await openPage(chief, '配图');
  await text(chief).click();
  const picture = await chief.screenshot({ clip: { x: 0, y: 0, width: 600, height: 300 } });
  const bytes = [...picture];
  await text(chief).evaluate((element, bytes) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], '现场.png', { type: 'image/png' }));
    const box = element.getBoundingClientRect();
    element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true, clientX: box.x + 20, clientY: box.y + 10 }));
  }, bytes);
  const image = text(chief).locator('img[src*="/content"]');
  await expect(image).toBeVisible();
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(600);
  await image.click();
  const before = (await image.boundingBox())!;
  const handle = (await text(chief).locator('[data-resize-handle=bottom-right]').boundingBox())!;
  await chief.mouse.move(handle.x + 5, handle.y + 5);
  await chief.mouse.down();
  await chief.mouse.move(handle.x - 195, handle.y - 95, { steps: 6 });
  await chief.mouse.up();
  await expect.poll(async () => (await image.boundingBox())!.width).toBeLessThan(before.width - 150);
  const after = (await image.boundingBox())!;
  expect(after.width / after.height).toBeCloseTo(before.width / before.height, 1);
  await image.click();
  const bubble = chief.getByRole('toolbar', { name: '图片' });
  await bubble.getByRole('button', { name: '图片居中' }).click();
  await expect(image).toHaveAttribute('data-align', 'center');
  await bubble.getByRole('button', { name: '替代文字' }).click();
  await chief.getByLabel('替代文字').last().fill('会场照片');
  await chief.keyboard.press('Enter');
  await expect(image).toHaveAttribute('alt', '会场照片');
  await expectSaved(chief);
  await shot(chief, '47-picture');
});

test('what is pasted from Word keeps its structure, its pictures become documents', async () => {
  await openPage(chief, '粘贴');
  await text(chief).click();
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';
  const item = (level: number, marker: string, words: string) =>
    `<p class=MsoListParagraph style='margin-left:${22 * level}.0pt;text-indent:-22.0pt;mso-list:l0 level${level} lfo1'><![if !supportLists]><span lang=EN-US><span style='mso-list:Ignore'>${marker}<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span></span><![endif]>${words}<span lang=EN-US><o:p></o:p></span></p>`;
  await paste(chief, {
    'text/html': `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator content="Microsoft Word 15"><style><!-- p.MsoNormal {margin:0cm;} --></style></head><body lang=ZH-CN><!--StartFragment-->
<h1>采购方案<span lang=EN-US><o:p></o:p></span></h1>${item(1, '一、', '采购范围')}${item(2, '（1）', '办公设备')}${item(1, '二、', '时间安排')}
<table class=MsoTableGrid border=1><tr><td width=200 rowspan=2 style='background:#D9E2F3'><p class=MsoNormal><b>类别</b></p></td><td width=100><p class=MsoNormal>数量</p></td></tr><tr><td width=100><p class=MsoNormal><span style='color:red'>5</span></p></td></tr></table>
<p class=MsoNormal><img width=48 height=48 src="data:image/png;base64,${dot}"></p><!--EndFragment--></body></html>`,
    'text/plain': '采购方案',
  });
  await expect(text(chief).getByRole('heading', { name: '采购方案', level: 1 })).toBeVisible();
  await expect(text(chief).locator('ol[type=cjk] > li')).toHaveCount(2);
  await expect(text(chief).locator('ol[type=cjk] > li > ol[type=decimal-paren] > li')).toHaveText('办公设备');
  await expect(text(chief).locator('td[rowspan="2"] strong')).toHaveText('类别');
  await expect(text(chief).getByText('5', { exact: true })).toHaveCSS('color', 'rgb(255, 0, 0)');
  const image = text(chief).locator('img[src^="/api/v1/documents/"]');
  await expect(image).toHaveCount(1);
  const response = await chief.request.get((await image.getAttribute('src'))!);
  expect(response.headers()['content-type']).toBe('image/png');
  // The bytes are in a document and not in the page.
  await expect(text(chief).locator('img[src^="data:image/png"]')).toHaveCount(0);
  await expectSaved(chief);
  await shot(chief, '48-pasted');
});

/** Prints and returns what the service reads on each sheet of the PDF. */
async function printed(page: Page, name: string): Promise<{ width: number; height: number; text: string }[]> {
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  writeFileSync(path.join(BUILD, `${name}.pdf`), pdf);
  const started = await page.request.post('/api/v1/uploads', {
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(pdf.length),
      'upload-metadata': `filename ${Buffer.from(`${name}.pdf`).toString('base64')},folder_id ${Buffer.from(library).toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    },
    data: pdf,
  });
  expect(started.status()).toBe(201);
  const id = started.headers()['wenshu-document-id']!;
  await expect.poll(async () => (await ask<{ processing: { state: string } }>(page, `/documents/${id}`)).processing.state, { timeout: 60_000 }).toBe('ready');
  const pages = await ask<{ sizes: [number, number][] }>(page, `/documents/${id}/pages`);
  return Promise.all(
    pages.sizes.map(async ([width, height], index) => ({
      width,
      height,
      text: (await ask<{ text: string }>(page, `/documents/${id}/pages/${index + 1}/text`)).text.replace(/\s/g, ''),
    })),
  );
}

test('an official document from its template, on the screen and on paper', async () => {
  await openPage(chief, '关于印发办法的通知', '红头公文');
  const issuer = text(chief).locator('[data-style-name=official-issuer]');
  await expect(issuer).toHaveCSS('color', 'rgb(230, 0, 18)');
  await expect(chief).not.toHaveURL(/template/);
  await expectSaved(chief);
  await shot(chief, '49-official');
  // 22 lines of 28.95 pt fill the 225 mm of the text area; 28 characters of 三号 its 156 mm.
  const body = text(chief).locator('[data-style-name=official-body]').first();
  const measured = await body.evaluate((element) => {
    const style = getComputedStyle(element);
    return { line: Number.parseFloat(style.lineHeight), size: Number.parseFloat(style.fontSize), width: element.getBoundingClientRect().width };
  });
  expect(measured.size).toBeCloseTo((16 * 96) / 72, 1);
  expect(measured.line * 22).toBeLessThanOrEqual((225 * 96) / 25.4);
  expect(measured.line * 23).toBeGreaterThan((225 * 96) / 25.4);
  expect(measured.width).toBeCloseTo((156 * 96) / 25.4, -0.5);
  const fits = await body.evaluate((element) => {
    const lines = (count: number) => {
      const probe = element.cloneNode() as HTMLElement;
      probe.style.textIndent = '0';
      probe.textContent = '国'.repeat(count);
      element.after(probe);
      const { height } = probe.getBoundingClientRect();
      probe.remove();
      return Math.round(height / Number.parseFloat(getComputedStyle(element).lineHeight));
    };
    return [lines(28), lines(29)];
  });
  expect(fits).toEqual([1, 2]);

  const sheets = await printed(chief, 'official');
  expect(sheets).toHaveLength(2);
  expect(sheets[0]!.width).toBeCloseTo(595.3, -0.5);
  expect(sheets[0]!.height).toBeCloseTo(841.9, -0.5);
  expect(sheets[0]!.text).toContain('××单位关于××××工作的通知');
  expect(sheets[0]!.text).toContain('—1—');
  expect(sheets[1]!.text).toContain('—2—');
  expect(sheets.map((sheet) => sheet.text).join('')).toContain('抄送：');
  // Nothing of the window is on the paper.
  expect(sheets.map((sheet) => sheet.text).join('')).not.toMatch(/大纲|保存|文枢|快捷键/);
});

test('a long table repeats its header on every sheet; a page break begins a new one', async () => {
  await openPage(chief, '花名册');
  await text(chief).click();
  const rows = Array.from({ length: 60 }, (_, index) => `<tr><td>员工${index + 1}</td><td>部门${(index % 5) + 1}</td></tr>`).join('');
  await paste(chief, { 'text/html': `<h2>花名册</h2><table><tr><th>姓名栏</th><th>部门栏</th></tr>${rows}</table><p>表后说明。</p>` });
  await expect(text(chief).locator('tr')).toHaveCount(61);
  await text(chief).getByText('表后说明。').click();
  await chief.keyboard.press('End');
  await chief.keyboard.press('Control+Enter');
  await chief.keyboard.type('附录');
  await expect(text(chief).locator('[data-page-break]')).toHaveCount(1);
  await expectSaved(chief);
  const sheets = await printed(chief, 'roster');
  const withTable = sheets.filter((sheet) => sheet.text.includes('员工'));
  expect(withTable.length).toBeGreaterThan(1);
  for (const sheet of withTable) expect(sheet.text).toContain('姓名栏部门栏');
  expect(sheets.at(-1)!.text).toMatch(/^\d*附录\d*$/);
  // Everybody is there once.
  expect(sheets.map((sheet) => sheet.text).join('').match(/员工\d+部门/g)).toHaveLength(60);
});
