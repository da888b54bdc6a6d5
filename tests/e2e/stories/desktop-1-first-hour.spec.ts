// Does a new user's first hour work? Steps 1 to 6: sign in, people, libraries, fifty files, reading, versions, finding.
import type { Page } from '@playwright/test';
import { ADMIN, choose, COLLEAGUE, expect, fillSignIn, newVisitor, OUTSIDER, row, shot, signIn, test } from '../support/story.ts';

test.describe.configure({ mode: 'serial' });

let page: Page;

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
