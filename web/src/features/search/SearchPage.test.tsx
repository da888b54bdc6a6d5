import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { routes } from '../../routes';
import { renderRoutes } from '../../testing/render';
import { errorReply, mockServer, type Call } from '../../testing/server';

const ADA = { id: 'u1', name: 'ada', display_name: '艾达', is_admin: false, clearance: 1, disabled: false, created_at: 0 };
const person = { id: 'u1', name: '艾达' };
const hit = (id: string, name: string, change: object = {}) => ({
  document: {
    id,
    kind: 'file',
    name,
    folder_id: 'f1',
    path: [{ id: 'f1', name: '档案' }],
    media_type: 'application/pdf',
    size_bytes: 2048,
    level: 1,
    version: 1,
    created_at: 0,
    created_by: person,
    updated_at: 0,
    updated_by: person,
    processing: { state: 'ready' },
    page_count: 12,
    inherits: true,
    role: 'reader',
    abilities: ['read', 'download'],
    ...change,
  },
  name_marks: [],
  snippets: [{ page: 3, text: '關於協同辦公的通知', marks: [[2, 6]] }],
  pages: [3, 7],
});
const FACETS = [
  { key: 'type', values: [{ value: 'pdf', label: 'pdf', count: 2 }, { value: 'word', label: 'word', count: 1 }], total_values: 2 },
  { key: 'author', values: [{ value: '艾达', label: '艾达', count: 2 }, { value: '李娜', label: '李娜', count: 1 }], total_values: 2 },
  { key: 'year', values: [{ value: '2023', label: '2023', count: 1 }, { value: '2024', label: '2024', count: 1 }], total_values: 2 },
  { key: 'month', values: [{ value: '2023-12', label: '', count: 1 }, { value: '2024-02', label: '', count: 1 }], total_values: 2 },
];

function serve(answers: Parameters<typeof mockServer>[0] = {}) {
  return mockServer({
    'GET /session': { user: ADA },
    'GET /folders': { items: [] },
    'GET /search': { total: 2, took_ms: 3, rebuilding: null, items: [hit('d1', '甲.pdf'), hit('d2', '会议.page', { kind: 'page' })], facets: FACETS },
    'GET /saved-searches': { items: [] },
    'GET /earlier-searches': { items: [] },
    'GET /suggest': { documents: [], people: [], tags: [], searches: [] },
    'POST /earlier-searches': undefined,
    ...answers,
  });
}

const asked = (calls: Call[]) => calls.filter((call) => call.path === '/search').at(-1)!.query;

test('hits lead to their page with the query, and pages to the words as they are written there', async () => {
  serve();
  renderRoutes(routes, '/search?q=协同办公');
  const list = await screen.findByRole('list', { name: '搜索结果' });
  const [file, page] = await within(list).findAllByRole('listitem');
  expect(within(file!).getByRole('link', { name: '甲.pdf' })).toHaveAttribute('href', `/documents/d1?page=3&q=${encodeURIComponent('协同办公')}`);
  expect(within(file!).getByRole('link', { name: '第 7 页' })).toHaveAttribute('href', `/documents/d1?page=7&q=${encodeURIComponent('协同办公')}`);
  expect(within(file!).getByText('協同辦公')).toHaveProperty('tagName', 'MARK');
  expect(within(page!).getByRole('link', { name: '会议.page' })).toHaveAttribute('href', `/documents/d2?find=${encodeURIComponent('協同辦公')}`);
});

test('values of facets and bars of time narrow the search, and chips take that back', async () => {
  const calls = serve();
  const { router } = renderRoutes(routes, '/search?q=甲&filter=author:李娜');
  const user = userEvent.setup();
  expect(await screen.findByText('更新人：李娜')).toBeInTheDocument();
  await user.click(await screen.findByRole('checkbox', { name: '文字文档' }));
  expect(asked(calls).getAll('filter')).toEqual(['author:李娜', 'type:word']);
  screen.getByRole('button', { name: '2024-01：0 份' }).focus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(asked(calls).get('after')).toBe(String(Date.parse('2024-01-01T00:00:00+08:00'))));
  expect(asked(calls).get('before')).toBe(String(Date.parse('2024-02-01T00:00:00+08:00')));
  await user.click(screen.getByRole('button', { name: '移除“更新人：李娜”' }));
  expect(asked(calls).getAll('filter')).toEqual(['type:word']);
  await user.click(screen.getByRole('button', { name: '移除“时间：2024-01”' }));
  expect(router.state.location.search).toBe(`?q=${encodeURIComponent('甲')}&filter=type%3Aword`);
  await router.navigate(-1);
  expect(await screen.findByRole('button', { name: '移除“时间：2024-01”' })).toBeInTheDocument();
});

test('words for the results are added to the query', async () => {
  const calls = serve();
  const { router } = renderRoutes(routes, '/search?q=合同 OR 协议');
  const user = userEvent.setup();
  await user.type(await screen.findByRole('textbox', { name: '在结果中搜索' }), '2023{Enter}');
  expect(asked(calls).get('q')).toBe('合同 OR 协议 2023');
  await user.click(await screen.findByRole('button', { name: '移除“结果中：2023”' }));
  expect(Object.fromEntries(new URLSearchParams(router.state.location.search))).toEqual({ q: '合同 OR 协议' });
});

test('a mistake is shown at its place and explained', async () => {
  serve({ 'GET /search': errorReply(400, 'query_syntax', { position: 3, reason: 'quote_not_closed' }) });
  renderRoutes(routes, '/search?q=协同 "办公');
  const alert = await screen.findByRole('alert');
  expect(within(alert).getByText('"办公')).toHaveProperty('tagName', 'MARK');
  expect(alert).toHaveTextContent('引号没有配对');
});

test('a search is saved with what narrows it, and run again', async () => {
  const saved = { id: 's1', name: '永久卷', query: { q: '丙', filters: [{ key: 'tag', values: ['永久'] }], sort: 'name' }, created_at: 0, updated_at: 0 };
  const calls = serve({ 'GET /saved-searches': { items: [saved] }, 'POST /saved-searches': saved });
  const { router } = renderRoutes(routes, '/search?q=甲&within=乙&filter=type:pdf&sort=newest');
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: '已保存的搜索' }));
  await user.click(await screen.findByRole('menuitem', { name: '保存此搜索' }));
  const dialog = await screen.findByRole('dialog', { name: '保存此搜索' });
  await user.clear(within(dialog).getByLabelText('名称'));
  await user.type(within(dialog).getByLabelText('名称'), '我的 PDF');
  await user.click(within(dialog).getByRole('button', { name: '保存' }));
  await waitFor(() => expect(calls.find((call) => call.method === 'POST' && call.path === '/saved-searches')?.body).toEqual({
    name: '我的 PDF',
    query: { q: '甲 乙', filters: [{ key: 'type', values: ['pdf'] }], sort: 'newest' },
  }));
  await user.click(screen.getByRole('button', { name: '已保存的搜索' }));
  await user.click(await screen.findByRole('menuitem', { name: '永久卷' }));
  expect(Object.fromEntries(new URLSearchParams(router.state.location.search))).toEqual({ q: '丙', filter: 'tag:永久', sort: 'name' });
});

test('suggestions are chosen by keyboard; only what is submitted is remembered', async () => {
  const calls = serve({
    'GET /suggest': (call: Call) => ({
      documents: call.query.get('q') ? [{ document_id: 'd1', name: '协同办公.pdf', kind: 'file', media_type: 'application/pdf', path: '档案' }] : [],
      people: call.query.get('q') ? [{ name: '谢彤' }] : [],
      tags: [],
      searches: [{ id: 'e1', q: '协同办公 通知' }],
    }),
    'DELETE /earlier-searches/:id': undefined,
  });
  const { router } = renderRoutes(routes, '/search');
  const user = userEvent.setup();
  const box = await screen.findByRole('searchbox', { name: '搜索文档' });
  await user.type(box, 'xt');
  expect(await screen.findByRole('option', { name: /谢彤/ })).toBeInTheDocument();
  expect(calls.filter((call) => call.method === 'POST')).toEqual([]);
  await user.keyboard('{ArrowDown}{Enter}');
  expect(router.state.location.search).toBe(`?q=${encodeURIComponent('协同办公 通知')}`);
  await waitFor(() => expect(calls.find((call) => call.method === 'POST')?.body).toEqual({ q: '协同办公 通知' }));

  const again = screen.getByRole('searchbox', { name: '搜索文档' });
  await user.clear(again);
  await user.type(again, 'xie');
  await user.click(await screen.findByRole('option', { name: /谢彤/ }));
  expect(new URLSearchParams(router.state.location.search).getAll('filter')).toEqual(['author:谢彤']);

  await user.click(screen.getByRole('searchbox', { name: '搜索文档' }));
  await user.click(await screen.findByRole('button', { name: '删除搜索记录“协同办公 通知”' }));
  expect(calls.at(-2)?.method === 'DELETE' || calls.some((call) => call.method === 'DELETE' && call.path === '/earlier-searches/e1')).toBe(true);
});
