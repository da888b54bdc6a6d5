// Does a new user's first hour work? Steps 1 to 6: sign in, people, libraries, fifty files, reading, versions, finding.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { corpusFile, fillFolder, FIFTY, known, sha256 } from '../support/corpus.ts';
import { SCREENSHOTS } from '../support/paths.ts';
import { wordsUnderMarks } from '../support/marks.ts';
import { ADMIN, ask, choose, COLLEAGUE, expect, expectPageDrawn, fillSignIn, newVisitor, OUTSIDER, row, search, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });
test.use({ story: 'first-hour' });

let page: Page;

/** Has what no document of the corpus has. */
const NOTICE = '关于开展协同办公试点的通知\n京文枢发〔2026〕17号\n各部门：自下月起以文枢开展协同办公试点。\n';

interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

interface Listed {
  id: string;
  name: string;
  processing: { state: string; code?: string };
}

/** The folder that most of the story happens in. */
let folder: string;

function folderOnScreen(): string {
  return new URL(page.url()).pathname.split('/').pop()!;
}

async function listDocuments(id = folderOnScreen()): Promise<Listed[]> {
  return (await ask<{ documents: Listed[] }>(page, `/folders/${id}/children?limit=200`)).documents;
}

async function pickFiles(command: string, files: Chosen[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
  await page.getByRole('menuitem', { name: command, exact: true }).click();
  await (await chooser).setFiles(files);
}

test.beforeAll(async ({ browser, server }, info) => {
  page = await (await newVisitor(browser, server, info)).newPage();
});

test('a wrong password is told, the right one opens the libraries', async () => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
  await shot(page, '01-sign-in');
  await fillSignIn(page, { name: ADMIN.name, password: 'not the password' });
  await expect(page.getByRole('alert')).toContainText('用户名或密码不正确');
  await shot(page, '02-wrong-password');
  await fillSignIn(page, ADMIN);
  await expect(page.getByRole('heading', { name: '文库', level: 1 })).toBeVisible();
  await shot(page, '03-no-libraries');
});

test('the administrator creates two users', async () => {
  await page.getByRole('link', { name: '用户', exact: true }).click();
  for (const person of [COLLEAGUE, OUTSIDER]) {
    await page.getByRole('button', { name: '新建用户' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('用户名').fill(person.name);
    await dialog.getByLabel('显示名称').fill(person.display);
    await dialog.getByRole('textbox', { name: '密码' }).fill(person.password);
    if (person === COLLEAGUE) await shot(page, '04-new-user');
    await dialog.getByRole('button', { name: '新建' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('row').filter({ hasText: person.display })).toBeVisible();
  }
  await shot(page, '05-users');
});

test('a library and folders are made, and a colleague gets a role on one of them', async ({ browser, server }, info) => {
  await page.getByRole('link', { name: '文库', exact: true }).click();
  await page.getByRole('button', { name: '新建文库' }).click();
  await page.getByRole('dialog').getByLabel('文库名称').fill('办公室');
  await page.getByRole('dialog').getByRole('button', { name: '新建' }).click();
  await expect(page.getByRole('heading', { name: '办公室', level: 1 })).toBeVisible();
  for (const name of ['法规资料', '人事档案']) {
    await page.getByRole('main').getByRole('button', { name: '新建', exact: true }).click();
    await page.getByRole('menuitem', { name: '新建文件夹' }).click();
    await page.getByRole('dialog').getByLabel('文件夹名称').fill(name);
    await page.getByRole('dialog').getByRole('button', { name: '新建' }).click();
    await expect(row(page, name)).toBeVisible();
  }
  await shot(page, '06-library');

  await row(page, '法规资料').getByRole('button', { name: '法规资料 的操作' }).click();
  await page.getByRole('menuitem', { name: '权限' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: '添加成员或用户组' }).fill(COLLEAGUE.display);
  await page.getByRole('option', { name: new RegExp(COLLEAGUE.display) }).click();
  await choose(page, dialog.getByRole('combobox', { name: '角色', exact: true }), /编辑者/);
  await dialog.getByRole('button', { name: '添加' }).click();
  await expect(dialog.getByRole('list', { name: '在此处授予的权限' })).toContainText(COLLEAGUE.display);
  await shot(page, '07-access');
  await dialog.getByRole('button', { name: '关闭' }).click();

  const colleague = await (await newVisitor(browser, server, info)).newPage();
  await signIn(colleague, COLLEAGUE);
  const main = colleague.getByRole('main');
  await expect(main.getByRole('link', { name: '法规资料' })).toBeVisible();
  await expect(main.getByRole('link', { name: '人事档案' })).toHaveCount(0);
  await expect(main.getByRole('link', { name: '办公室' })).toHaveCount(0);
  await shot(colleague, '08-colleague-sees-one-folder');
  await colleague.context().close();
});

test('fifty real documents go up, also when the server dies in the middle', async ({ server }) => {
  await page.getByRole('main').getByRole('link', { name: '法规资料' }).click();
  await expect(page.getByRole('heading', { name: '法规资料', level: 1 })).toBeVisible();
  // As fast as an office's line, so that there is a middle.
  const tab = await page.context().newCDPSession(page);
  await tab.send('Network.enable');
  const line = (bytesPerSecond: number) =>
    tab.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
  await line(1_000_000);
  const continued: string[] = [];
  page.on('request', (request) => {
    const asks = request.method() === 'HEAD' || request.url().endsWith('/missing');
    if (asks && request.url().includes('/uploads/')) continued.push(request.url());
  });

  const desk = test.info().outputPath('五十份文件');
  fillFolder(desk, FIFTY);
  const mouse = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    tab.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data: { items: [], files: [desk], dragOperationsMask: 1 } });
  await mouse('dragEnter');
  await mouse('dragOver');
  await expect(page.getByText('松开鼠标，上传到“法规资料”')).toBeVisible();
  await shot(page, '09-dragging');
  await mouse('drop');
  const panel = page.getByRole('region', { name: '上传进度' });
  await expect(panel.getByText(/正在上传：已完成 \d+ \/ 50/)).toBeVisible();
  await expect(panel.getByLabel('总进度')).toBeVisible();
  // Half of a large file is there.
  const large = panel.getByRole('progressbar', { name: /(zh-law-compilation|en-svn-book-462p|de-geotopo-117p)\.pdf 的上传进度/ });
  const percents = () => large.evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('aria-valuenow'))));
  await expect.poll(async () => (await percents()).some((percent) => percent > 15 && percent < 75), { intervals: [100] }).toBe(true);
  await shot(page, '10-uploading');

  await server.kill('SIGKILL');
  await expect(panel.getByText('等待服务器恢复，将自动继续')).toBeVisible();
  continued.length = 0;
  await shot(page, '11-server-away');
  await server.start();
  await line(-1);
  await expect(panel.getByText('50 个文件已上传')).toBeVisible({ timeout: 120_000 });
  expect(continued.length, 'uploads that asked where to go on').toBeGreaterThan(0);
  await shot(page, '11-uploaded-all');
  await panel.getByRole('button', { name: '关闭' }).click();
  await row(page, '五十份文件').getByRole('link').click();
  await expect(page.getByRole('table', { name: '文件夹内容' })).toHaveAttribute('aria-rowcount', '51');
});

test('every file is whole, and ends ready or with the reason why not', async () => {
  test.setTimeout(900_000);
  const documents = await listDocuments();
  expect(documents.map((one) => one.name).sort()).toEqual(FIFTY.map((file) => path.basename(file)).sort());
  const broken: string[] = [];
  for (const file of FIFTY) {
    const document = documents.find((one) => one.name === path.basename(file))!;
    const versions = await ask<{ items: { sha256: string }[] }>(page, `/documents/${document.id}/versions`);
    if (versions.items.length !== 1 || versions.items[0]!.sha256 !== known(file).sha256) broken.push(file);
  }
  expect(broken).toEqual([]);

  await expect
    .poll(async () => (await listDocuments()).filter((one) => one.processing.state === 'waiting').length, { timeout: 800_000, intervals: [1_000] })
    .toBe(0);
  const failed = (await listDocuments()).filter((one) => one.processing.state === 'failed');
  expect(Object.fromEntries(failed.map((one) => [one.name, one.processing.code]))).toEqual({
    'en-aes256-r6-foo-bar.pdf': 'document_encrypted',
    'en-password-tika.docx': 'document_encrypted',
  });
  // The list has followed by itself.
  await expect(row(page, 'en-annotated.pdf').getByRole('img', { name: '可搜索和预览' })).toBeVisible();
  await expect(row(page, 'en-password-tika.docx')).toContainText('文档已加密，无法读取内容');
  await shot(page, '12-list');
});

test('a name that exists is asked about once and becomes a version', async () => {
  const law = { name: '国境卫生检疫法.docx', mimeType: '', buffer: readFileSync(corpusFile('office/docx/zh-frontier-health-law-v2018.docx')) };
  const note = { name: '通知.txt', mimeType: 'text/plain', buffer: Buffer.from(NOTICE) };
  const picture = { name: '登录截图.png', mimeType: 'image/png', buffer: readFileSync(path.join(SCREENSHOTS, 'desktop/01-sign-in.png')) };
  await pickFiles('上传文件', [law, note, picture]);
  const panel = page.getByRole('region', { name: '上传进度' });
  await expect(panel.getByText('3 个文件已上传')).toBeVisible();
  await panel.getByRole('button', { name: '关闭' }).click();

  const newer = { ...law, buffer: readFileSync(corpusFile('office/docx/zh-frontier-health-law-v2024.docx')) };
  await pickFiles('上传文件', [newer, note]);
  const question = page.getByRole('dialog', { name: '2 个同名文件已存在' });
  await expect(question).toBeVisible();
  await shot(page, '13-same-names');
  await question.getByRole('radiogroup', { name: '通知.txt' }).getByText('跳过').click();
  await question.getByRole('button', { name: '继续上传' }).click();
  await expect(panel.getByText('1 个文件已上传')).toBeVisible();
  await expect(question).toBeHidden();
  await panel.getByRole('button', { name: '关闭' }).click();
  // Chinese names come last, and only rows near the window exist.
  await page.keyboard.press('End');
  await expect(row(page, law.name)).toContainText('v2');
  await expect(row(page, note.name)).toContainText('v1');
});

/** Opens a document of the folder by its address and waits for its first page. */
async function openDocument(name: string, query = ''): Promise<void> {
  const document = (await listDocuments(folder)).find((one) => one.name === name);
  expect(document, name).toBeDefined();
  await page.goto(`/documents/${document!.id}${query}`);
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expectPageDrawn(page, 1);
}

test('any file opens as sharp pages with text that can be selected', async () => {
  folder = folderOnScreen();
  for (const [name, words] of [
    ['zh-company-law-2023.docx', '中华人民共和国公司法'],
    ['zh-github-issues.xlsx', undefined],
    ['zh-data-security-law.pptx', '数据安全法'],
    ['zh-personal-information-law.odt', '个人信息保护法'],
    ['zh-copyright-law-gbk.txt', '著作权法'],
    ['zh-constitution.md', '宪法'],
    ['zh-electronic-signature-law-gb2312.html', '电子签名法'],
    ['zh-gb18030-doc-attachment.eml', '关于报送《密码法》学习材料的通知'],
    ['登录截图.png', undefined],
  ] as const) {
    await openDocument(name);
    if (words) await expect(page.locator('[data-page="1"]')).toContainText(words);
    await shot(page, `14-open-${name.split('.').pop()}`);
  }
});

test('hundreds of pages scroll without being loaded all', async () => {
  const pictures = new Set<string>();
  page.on('request', (request) => {
    const [, number] = /\/pages\/(\d+)\.webp/.exec(request.url()) ?? [];
    if (number) pictures.add(number);
  });
  await openDocument('en-svn-book-462p.pdf');
  await expect(page.getByText('/ 462')).toBeVisible();
  const pages = page.getByRole('region', { name: '页面' });
  await pages.hover();
  for (let turn = 0; turn < 5; turn++) await page.mouse.wheel(0, 900);
  await expect.poll(() => pages.evaluate((element) => element.scrollTop)).toBeGreaterThan(3_000);
  const number = page.getByRole('textbox', { name: '页码' });
  await number.fill('200');
  await number.press('Enter');
  await expectPageDrawn(page, 200);
  await expect(number).toHaveValue('200');
  expect(pictures.size, 'pages that were loaded').toBeLessThan(40);
  await shot(page, '15-page-200');
});

test('the words on a page can be selected with the mouse', async () => {
  const words = page.locator('[data-page="200"] span');
  const line = await words.evaluateAll((spans) => {
    const boxes = spans.map((span) => ({ text: span.firstChild?.textContent ?? '', box: span.getBoundingClientRect() }));
    const first = boxes.findIndex(({ text, box }, at) => text.length > 3 && box.top > 200 && Math.abs((boxes[at + 3]?.box.top ?? 0) - box.top) < 2);
    const chosen = boxes.slice(first, first + 4);
    const [from, to] = [chosen[0]!.box, chosen[3]!.box];
    return { words: chosen.map(({ text }) => text), from: [from.left + 1, from.top + from.height / 2], to: [to.right - 1, to.top + to.height / 2] };
  });
  await page.mouse.move(line.from[0]!, line.from[1]!);
  await page.mouse.down();
  await page.mouse.move(line.to[0]!, line.to[1]!, { steps: 8 });
  await page.mouse.up();
  const selected = await page.evaluate(() => getSelection()!.toString());
  expect(selected.trim().split(/\s+/)).toEqual(line.words);
  await shot(page, '16-selected-text');
});

test('the download button gives the original, byte for byte', async () => {
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: '下载原件' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('en-svn-book-462p.pdf');
  expect(sha256(readFileSync(await file.path()))).toBe(known('pdf/text/en-svn-book-462p.pdf').sha256);
});

test('the history tells who, when and how large; an old version opens and is restored', async () => {
  await page.goto(`/folders/${folder}`);
  await expect(row(page, 'en-annotated.pdf')).toBeVisible();
  await page.keyboard.press('End');
  await row(page, '国境卫生检疫法.docx').getByRole('link').click();
  await expectPageDrawn(page, 1);
  await expect(page.getByText('/ 8')).toBeVisible();
  await page.getByRole('button', { name: '版本历史' }).click();
  const history = page.getByRole('dialog', { name: '版本历史' });
  const versions = history.getByRole('listitem');
  await expect(versions).toHaveCount(2);
  await expect(versions.first()).toContainText('当前');
  await expect(versions.first()).toContainText(/admin · \d{4}-\d\d-\d\d \d\d:\d\d · 11\.5 KB/);
  await expect(versions.nth(1)).toContainText(/admin · \d{4}-\d\d-\d\d \d\d:\d\d · 8\.1 KB/);
  await shot(page, '17-history');
  await history.getByRole('link', { name: '打开版本 1' }).click();
  await expect(page.getByText('正在查看版本 1。')).toBeVisible();
  await expect(page.getByText('/ 4')).toBeVisible();
  await expectPageDrawn(page, 1);
  await shot(page, '18-old-version');
  await page.getByRole('button', { name: '版本历史' }).click();
  await history.getByRole('button', { name: '恢复版本 1' }).click();
  await page.getByRole('dialog', { name: '恢复到版本 1？' }).getByRole('button', { name: '恢复' }).click();
  await expect(page.getByText('已恢复，新增版本 3')).toBeVisible();
  await expect(versions).toHaveCount(3);
  await expect(versions.first()).toContainText('恢复自版本 1');
  await shot(page, '19-restored');
  await history.getByRole('button', { name: '关闭' }).click();
  await page.getByRole('link', { name: '回到当前版本' }).click();
  await expect(page.getByText('/ 4')).toBeVisible();
  await expectPageDrawn(page, 1);
});

test('words, phrases, numbers and names are found, marked and lead to their page', async () => {
  const total = async () => (await ask<{ total: number }>(page, `/search?q=${encodeURIComponent('协同办公')}`)).total;
  await expect.poll(total, { timeout: 60_000 }).toBe(1);
  for (const [words, document, mark, pageNumber] of [
    ['协同办公', '通知.txt', '协同办公', 1],
    ['京文枢发〔2026〕17号', '通知.txt', '京文枢发〔2026〕17号', 1],
    ['遗嘱人可以撤回', 'zh-law-compilation.pdf', '遗嘱人可以撤回', 144],
    ['"the database back into a consistent state"', 'en-svn-book-462p.pdf', 'the database back into a consistent state', 180],
    ['Subversion', 'en-svn-book-462p.pdf', 'Subversion', undefined],
    ['zh-bidding-law', 'zh-bidding-law.pdf', 'zh-bidding-law', undefined],
  ] as const) {
    const hit = (await search(page, words)).filter({ has: page.getByRole('link', { name: document, exact: true }) });
    await expect(hit, words).toBeVisible();
    // The layout puts a little space between Chinese and Latin characters.
    const marked = async () => (await hit.locator('mark').allInnerTexts()).map((text) => text.replace(/\s/g, ''));
    await expect.poll(marked).toContain(mark.replace(/\s/g, ''));
    if (pageNumber) await expect(hit.getByText(`第 ${pageNumber} 页`)).toBeVisible();
    await expect(hit).toContainText('办公室 / 法规资料');
    await expect(hit).toContainText(/\d{4}-\d\d-\d\d/);
    await shot(page, `20-search-${document.split('.')[0]}`);
  }
  const hit = (await search(page, '遗嘱人可以撤回')).filter({ hasText: 'zh-law-compilation.pdf' });
  await hit.getByRole('link', { name: 'zh-law-compilation.pdf' }).click();
  await expectPageDrawn(page, 144);
  await expect(page.getByRole('textbox', { name: '页码' })).toHaveValue('144');
  const marks = page.locator('[data-page="144"] [data-mark]');
  await expect(marks.first()).toBeInViewport();
  expect((await wordsUnderMarks(page, 144)).join('').replace(/\s/g, '')).toContain('遗嘱人可以撤回');
  await shot(page, '21-found-page');
});

test('who has no role finds nothing and is told that there is nothing', async ({ browser, server }, info) => {
  const document = (await listDocuments(folder)).find((one) => one.name === '通知.txt')!;
  const outsider = await (await newVisitor(browser, server, info)).newPage();
  await signIn(outsider, OUTSIDER);
  await expect(await search(outsider, '协同办公')).toHaveCount(0);
  await expect(outsider.getByText('共 0 个结果')).toBeVisible();
  await expect(outsider.getByText('没有找到相关内容')).toBeVisible();
  await shot(outsider, '22-outsider-finds-nothing');
  expect((await outsider.request.get(`/api/v1/documents/${document.id}`)).status()).toBe(404);
  await outsider.goto(`/documents/${document.id}`);
  await expect(outsider.getByRole('alert')).toContainText('不存在');
  await shot(outsider, '23-outsider-not-found');
  await outsider.context().close();

  const colleague = await (await newVisitor(browser, server, info)).newPage();
  await signIn(colleague, COLLEAGUE);
  await expect(await search(colleague, '协同办公')).toHaveCount(1);
  await colleague.context().close();
});
