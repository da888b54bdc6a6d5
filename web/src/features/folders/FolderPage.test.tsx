import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { DocumentView, FolderView } from '../../api/types';
import { routes } from '../../routes';
import { renderRoutes } from '../../testing/render';
import { errorReply, mockServer } from '../../testing/server';

const ADA = { id: 'u1', name: 'ada', display_name: '艾达', is_admin: false, clearance: 1, disabled: false, created_at: 0 };
const ADMIN_ABILITIES = ['read', 'rename', 'move', 'delete', 'share', 'upload', 'create_folder'];

function folder(change: Partial<FolderView> = {}): FolderView {
  const base = { id: 'f1', parent_id: null, name: '档案', path: [{ id: 'f1', name: '档案' }], inherits: true };
  return { ...base, role: 'manager', abilities: ADMIN_ABILITIES, created_at: 0, updated_at: 0, ...change } as FolderView;
}

function file(id: string, name: string, change: Partial<DocumentView> = {}): DocumentView {
  const person = { id: 'u1', name: '艾达' };
  const base = { id, kind: 'file', name, folder_id: 'f1', path: [], media_type: 'application/pdf', size_bytes: 2048, level: 1 };
  return {
    ...base,
    version: 3,
    created_at: 0,
    created_by: person,
    updated_at: 0,
    updated_by: person,
    processing: { state: 'ready' },
    inherits: true,
    role: 'manager',
    abilities: ['read', 'download', 'edit', 'rename', 'move', 'delete', 'share', 'upload'],
    ...change,
  } as DocumentView;
}

function serve(answers: Parameters<typeof mockServer>[0]) {
  return mockServer({
    'GET /session': { user: ADA },
    'GET /folders': { items: [folder()] },
    'GET /folders/f1': folder(),
    'GET /folders/f1/children': { folders: [], documents: [] },
    ...answers,
  });
}

test('the list shows size, version, author and why processing failed', async () => {
  serve({
    'GET /folders/f1/children': {
      folders: [],
      documents: [file('d1', '合同.pdf'), file('d2', '密件.pdf', { processing: { state: 'failed', code: 'document_encrypted' } })],
    },
  });
  renderRoutes(routes, '/folders/f1');
  const row = (await screen.findByRole('link', { name: '合同.pdf' })).closest<HTMLElement>('[role=row]')!;
  expect(within(row).getByText('2.0 KB')).toBeInTheDocument();
  expect(within(row).getByText('v3')).toBeInTheDocument();
  expect(within(row).getByText('艾达')).toBeInTheDocument();
  expect(screen.getByText('文档已加密，无法读取内容')).toBeInTheDocument();
});

test('a waiting document is asked for until it is ready', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    let state = 'waiting';
    serve({
      'GET /folders/f1/children': () => ({ folders: [], documents: [file('d1', 'a.pdf', { processing: { state } as never })] }),
    });
    renderRoutes(routes, '/folders/f1');
    expect((await screen.findAllByText('处理中')).length).toBeGreaterThan(0);
    state = 'ready';
    await vi.advanceTimersByTimeAsync(2_500);
    expect(screen.queryByText('处理中')).not.toBeInTheDocument();
    expect(screen.getByRole('img', { name: '可搜索和预览' })).toBeInTheDocument();
  } finally {
    vi.useRealTimers();
  }
});

test('a new folder with a taken name says so at the field, another name works', async () => {
  let taken = true;
  const calls = serve({ 'POST /folders': () => (taken ? errorReply(409, 'name_taken', { field: 'name' }) : folder({ id: 'f2' })) });
  renderRoutes(routes, '/folders/f1');
  await userEvent.click(await screen.findByRole('button', { name: '新建' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: '新建文件夹' }));
  const dialog = await screen.findByRole('dialog', { name: '新建文件夹' });
  await userEvent.type(within(dialog).getByRole('textbox', { name: '文件夹名称' }), '纪要');
  await userEvent.click(within(dialog).getByRole('button', { name: '新建' }));
  expect(await within(dialog).findByText('同名内容已存在')).toBeInTheDocument();
  taken = false;
  await userEvent.click(within(dialog).getByRole('button', { name: '新建' }));
  await vi.waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument(), 20_000);
  expect(calls.filter((call) => call.method === 'POST').at(-1)?.body).toEqual({ name: '纪要', parent_id: 'f1' });
});

test('a reader is offered nothing that is not allowed', async () => {
  serve({
    'GET /folders/f1': folder({ role: 'reader', abilities: ['read'] }),
    'GET /folders/f1/children': { folders: [], documents: [file('d1', 'a.pdf', { abilities: ['read', 'download'] })] },
  });
  renderRoutes(routes, '/folders/f1');
  await userEvent.click(await screen.findByRole('button', { name: 'a.pdf 的操作' }));
  const items = (await screen.findAllByRole('menuitem')).map((item) => item.textContent);
  expect(items).toEqual(['下载', '详细信息', '版本历史']);
  expect(screen.queryByRole('button', { name: '新建' })).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: '权限' })).not.toBeInTheDocument();
});

test('an unknown error code falls back to the message of the server', async () => {
  serve({ 'GET /folders/f1/children': errorReply(400, 'quite_new_code') });
  renderRoutes(routes, '/folders/f1');
  expect(await screen.findByRole('alert')).toHaveTextContent('server says quite_new_code');
});
