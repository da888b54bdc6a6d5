import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DocumentView, FolderView } from '../../api/types';
import { routes } from '../../routes';
import { renderRoutes } from '../../testing/render';
import { errorReply, mockServer, type Call } from '../../testing/server';
import type { Property } from './types';

const ADA = { id: 'u1', name: 'ada', display_name: '艾达', is_admin: false, clearance: 1, disabled: false, created_at: 0 };
const FOLDER = {
  id: 'f1',
  parent_id: null,
  name: '综合档案',
  path: [{ id: 'f1', name: '综合档案' }],
  inherits: true,
  role: 'manager',
  abilities: ['read', 'upload', 'define_properties'],
  created_at: 0,
  updated_at: 0,
} as FolderView;

const property = (id: string, name: string, change: Partial<Property> = {}): Property => ({
  id, library_id: 'f1', name, kind: 'text', options: [], required: false, unique: false, facet: false, position: 0, ...change,
});
const FIELDS = [
  property('p1', '档号', { required: true, unique: true }),
  property('p2', '年度', { kind: 'number' }),
  property('p3', '保管期限', { kind: 'choice', options: ['永久', '30年'], facet: true }),
];

function record(id: string, name: string, values: Record<string, string> = {}, change: Partial<DocumentView> = {}): DocumentView {
  const person = { id: 'u1', name: '艾达' };
  const properties = FIELDS.filter((one) => values[one.id]).map((one) => ({ property_id: one.id, name: one.name, kind: one.kind, values: [values[one.id]!] }));
  return {
    id, kind: 'file', name, folder_id: 'f1', path: FOLDER.path, media_type: 'application/pdf', size_bytes: 2048, level: 0, version: 1,
    created_at: 0, created_by: person, updated_at: 0, updated_by: person, processing: { state: 'ready' }, inherits: true, role: 'editor',
    abilities: ['read', 'download', 'edit', 'edit_record'], tags: [], properties, missing_properties: [], ...change,
  } as DocumentView;
}

function serve(documents: DocumentView[], more: Parameters<typeof mockServer>[0] = {}): Call[] {
  return mockServer({
    'GET /session': { user: ADA },
    'GET /folders': { items: [FOLDER] },
    'GET /folders/f1': FOLDER,
    'GET /folders/f1/properties': { items: FIELDS },
    'GET /saved-searches': { items: [] },
    'GET /search': (call: Call) => ({
      total: documents.length,
      took_ms: 1,
      items: documents.map((document) => ({ document, name_marks: [], snippets: [], pages: [] })),
      facets: (call.query.get('facets') ?? '').includes('property:p3') ? [{ key: 'property:p3', label: '保管期限', values: [{ value: '永久', label: '永久', count: 2 }], total_values: 1 }] : [],
    }),
    ...more,
  });
}

// jsdom has no layout: without a height no row is on the screen.
beforeEach(() => {
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(1200);
});
afterEach(() => localStorage.clear());

test('a filter, an order and a search are asked of the server and stand in the address', async () => {
  const calls = serve([record('d1', '合同.pdf', { p1: 'A1', p2: '2023' }), record('d2', '纪要.pdf')]);
  const { router } = renderRoutes(routes, '/folders/f1/records');
  const grid = await screen.findByRole('grid', { name: '档案列表' });
  expect(within(grid).getByRole('row', { name: /合同\.pdf/ })).toHaveTextContent('A12023');
  expect(within(within(grid).getByRole('row', { name: /纪要\.pdf/ })).getByText('未填')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: '筛选' }));
  await userEvent.click(await screen.findByRole('checkbox', { name: '永久，2 件' }));
  await userEvent.click(within(grid).getByRole('button', { name: '年度' }));
  await userEvent.type(screen.getByRole('searchbox', { name: '在档案中搜索' }), '合同{Enter}');
  await vi.waitFor(() => {
    const asked = calls.filter((call) => call.path === '/search' && call.query.get('limit') === '100').at(-1)!;
    expect(Object.fromEntries(asked.query)).toMatchObject({ in: 'f1', q: '合同', filter: 'property:p3:永久', sort: 'property:p2', order: 'asc' });
  });
  expect(new URLSearchParams(router.state.location.search).toString()).toBe(new URLSearchParams({ q: '合同', filter: 'property:p3:永久', sort: 'property:p2' }).toString());
});

test('a value that the server refuses is told at its field and can be corrected', async () => {
  let taken = true;
  const calls = serve([record('d1', '合同.pdf')], {
    'PATCH /documents/d1': (call: Call) => {
      if (taken) return errorReply(409, 'property_value_taken', { property_id: 'p1' });
      return record('d1', '合同.pdf', { p1: (call.body as { properties: Record<string, string[]> }).properties.p1![0]! });
    },
  });
  renderRoutes(routes, '/folders/f1/records');
  const row = await screen.findByRole('row', { name: /合同\.pdf/ });
  await userEvent.click(within(row).getAllByRole('gridcell')[1]!);
  const details = await screen.findByRole('dialog');
  expect(within(details).getByText('还有 1 个必填字段未填：档号')).toBeInTheDocument();
  const field = await within(details).findByRole('textbox', { name: '档号' });
  await userEvent.type(field, 'A1{Enter}');
  expect(await within(details).findByText('该值在本文库中已被其他文档使用')).toBeInTheDocument();
  expect(field).toHaveValue('A1');
  taken = false;
  await userEvent.clear(field);
  await userEvent.type(field, ' A2 {Enter}');
  await vi.waitFor(() => expect(within(details).queryByText(/已被其他文档使用/)).not.toBeInTheDocument());
  expect(calls.filter((call) => call.method === 'PATCH').at(-1)?.body).toEqual({ properties: { p1: ['A2'] } });
  expect(field).toHaveValue('A2');
  // What is no number is not even sent.
  await userEvent.type(within(details).getByRole('textbox', { name: '年度' }), '去年{Enter}');
  expect(await within(details).findByText(/请输入数字/)).toBeInTheDocument();
  expect(calls.filter((call) => call.method === 'PATCH')).toHaveLength(2);
});

test('everything that was found is edited in parts, and who was refused is named with the reason', async () => {
  const all = Array.from({ length: 250 }, (_, index) => record(`d${index}`, `文件${index}.pdf`));
  const calls = serve(all, {
    'GET /search': (call: Call) => {
      const from = Number(call.query.get('cursor') ?? 0);
      const items = all.slice(from, from + 100).map((document) => ({ document, name_marks: [], snippets: [], pages: [] }));
      return { total: 250, took_ms: 1, items, facets: [], next_cursor: from + 100 < 250 ? String(from + 100) : null };
    },
    'POST /records/edit': (call: Call) => ({
      items: (call.body as { document_ids: string[] }).document_ids.map((id) =>
        id === 'd7' ? { document_id: id, outcome: 'edit_record_not_allowed', changed: false, message: 'no' } : { document_id: id, outcome: 'ok', changed: true },
      ),
    }),
  });
  renderRoutes(routes, '/folders/f1/records');
  await userEvent.click(await screen.findByRole('checkbox', { name: '选择全部结果' }));
  await userEvent.click(screen.getByRole('checkbox', { name: '选择“文件3.pdf”' }));
  await userEvent.click(screen.getByRole('button', { name: '批量编辑' }));
  const dialog = await screen.findByRole('dialog', { name: '批量编辑 249 件档案' });
  await userEvent.type(within(dialog).getByRole('combobox', { name: '添加标签' }), '已移交{Enter}');
  await userEvent.click(within(dialog).getByRole('button', { name: '应用到 249 件' }));
  expect(await within(dialog).findByText('248 件已完成')).toBeInTheDocument();
  const failed = within(within(dialog).getByRole('table', { name: '未能修改的档案' })).getAllByRole('row')[1]!;
  expect(failed).toHaveTextContent('文件7.pdf您没有修改标签和字段的权限');
  const parts = calls.filter((call) => call.path === '/records/edit').map((call) => call.body as { document_ids: string[]; add_tags: string[] });
  expect(parts.map((part) => part.document_ids.length)).toEqual([200, 49]);
  expect(parts[0]!.add_tags).toEqual(['已移交']);
  expect(parts.flatMap((part) => part.document_ids)).not.toContain('d3');
});
