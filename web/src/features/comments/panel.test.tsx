// What people see and may do: threads, the field they write in, and what waits for them.
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { AnnotationMessageView, UserView } from '../../api/types';
import { routes } from '../../routes';
import { renderPage, renderRoutes } from '../../testing/render';
import { mockServer } from '../../testing/server';
import { Composer } from './Composer';
import { mentionQuery, mentionsIn } from './mentions';
import { ThreadCard } from './ThreadCard';
import { Threads } from './threads';

function user(id: string, display_name: string): UserView {
  return { id, name: id, display_name, is_admin: false, clearance: 1, disabled: false, created_at: 0 };
}

const PEOPLE = new Map([user('ada', '艾达'), user('lina', '李娜'), user('linan', '李娜娜')].map((one) => [one.id, one]));

test('a name after @ is a mention, the longer of two that begin alike', () => {
  expect(mentionsIn('请 @李娜娜 和 @艾达 看', PEOPLE.values())).toEqual(['linan', 'ada']);
  expect(mentionsIn('请 @李娜 看，a@b', PEOPLE.values())).toEqual(['lina']);
  expect(mentionQuery('请 @李', 4)).toEqual({ from: 2, query: '李' });
  expect(mentionQuery('请 @李娜 看', 7)).toBeNull();
  expect(mentionQuery('没有', 2)).toBeNull();
});

test('a colleague is chosen with the keyboard, and Ctrl+Enter sends', async () => {
  const handleSubmit = vi.fn();
  renderPage(<Composer label="写" people={PEOPLE} submitLabel="发表" onSubmit={handleSubmit} />);
  const field = screen.getByRole('textbox', { name: '写' });
  await userEvent.type(field, '请 @李');
  expect(screen.getAllByRole('option').map((one) => one.textContent)).toEqual(['李娜lina', '李娜娜linan']);
  await userEvent.keyboard('{ArrowDown}{Enter}');
  expect(field).toHaveValue('请 @李娜娜 ');
  // An input method ends a word with Enter.
  fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true, isComposing: true });
  expect(handleSubmit).not.toHaveBeenCalled();
  await userEvent.keyboard('{Control>}{Enter}{/Control}');
  expect(handleSubmit).toHaveBeenCalledExactlyOnceWith('请 @李娜娜', ['linan']);
  expect(field).toHaveValue('');
});

function card({ me = 'ada', mayWrite = true, active = true, placed = true, forged = false } = {}) {
  const threads = new Threads(new Y.Doc());
  const id = threads.create({ anchor: { from: 'AA==', to: 'AA==' }, quote: '三季度预算', author: 'ada', text: '对吗？' });
  threads.reply(id, 'lina', '对');
  const [thread] = threads.read();
  const [first, second] = thread!.messages;
  const forgery = { id: second!.id, is_forged: true, author: { id: 'ada', name: '艾达' } } as AnnotationMessageView;
  const handleGo = vi.fn();
  renderPage(
    <ThreadCard
      thread={thread!}
      threads={threads}
      document="d1"
      people={PEOPLE}
      forgeries={new Map(forged ? [[second!.id, forgery]] : [])}
      me={me}
      mayWrite={mayWrite}
      active={active}
      placed={placed}
      onGo={handleGo}
    />,
  );
  return { threads, id, first: first!, handleGo };
}

test('one edits and deletes what one wrote, nothing else', async () => {
  const { threads } = card();
  await userEvent.click(screen.getByRole('button', { name: '更多操作' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: '编辑' }));
  const field = screen.getByRole('textbox', { name: '编辑' });
  await userEvent.clear(field);
  await userEvent.type(field, '对吧？');
  await userEvent.click(screen.getByRole('button', { name: '保存' }));
  expect(threads.read()[0]?.messages.map((one) => one.text)).toEqual(['对吧？', '对']);
});

test('one answers, and resolves', async () => {
  const { threads } = card();
  await userEvent.type(screen.getByRole('textbox', { name: /^回复/ }), '好');
  await userEvent.click(screen.getByRole('button', { name: '回复' }));
  expect(threads.read()[0]?.messages.at(-1)).toMatchObject({ author: 'ada', text: '好' });
  await userEvent.click(screen.getByRole('button', { name: '标为已解决' }));
  expect(threads.read()[0]?.resolvedBy).toBe('ada');
});

test('who may only read has nothing to write with', () => {
  card({ mayWrite: false });
  expect(screen.getByText('对吗？')).toBeInTheDocument();
  expect(screen.queryByRole('textbox')).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: /已解决|更多/ })).not.toBeInTheDocument();
});

test('a forged message names its real author, a lost text is told', () => {
  card({ forged: true, placed: false });
  expect(screen.getByRole('alert')).toHaveTextContent('实际由 艾达 写下');
  expect(screen.getByText('所批注的文字已被删除')).toBeInTheDocument();
});

test('a folded thread opens by a click', async () => {
  const { handleGo } = card({ active: false });
  expect(screen.queryByText('对')).not.toBeInTheDocument();
  expect(screen.getByText('1 条回复')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('article'));
  expect(handleGo).toHaveBeenCalled();
});

const ITEM = {
  document_id: 'd1',
  document_name: '采购通知',
  id: 't1',
  quote: '八十万元',
  state: 'open',
  created_by: { id: 'lina', name: '李娜' },
  created_at: 0,
  text: '请核对',
  message_count: 2,
};

test('what waits for one is counted, listed page by page, and leads to its place', async () => {
  const calls = mockServer({
    'GET /session': { user: user('ada', '艾达') },
    'GET /folders': { items: [] },
    'GET /annotations': ({ query }: { query: URLSearchParams }) => {
      if (query.get('state') === 'resolved') return { items: [] };
      if (query.get('limit') === '100') return { items: [ITEM, { ...ITEM, id: 't2' }] };
      return query.get('cursor') ? { items: [{ ...ITEM, id: 't2', text: '第二条' }] } : { items: [ITEM], next_cursor: 'next' };
    },
  });
  renderRoutes(routes, '/assigned');
  expect(await screen.findByRole('link', { name: '指派给我，2 项待处理' })).toBeInTheDocument();
  const main = screen.getByRole('main');
  expect(await within(main).findByRole('link', { name: '请核对' })).toHaveAttribute('href', '/documents/d1?comment=t1');
  await userEvent.click(within(main).getByRole('button', { name: '显示更多' }));
  expect(await within(main).findByRole('link', { name: '第二条' })).toBeInTheDocument();
  expect(calls.filter(({ query }) => query.get('cursor') === 'next')).toHaveLength(1);
  await userEvent.click(within(main).getByText('已解决'));
  await waitFor(() => expect(screen.getByText('没有已解决的批注')).toBeInTheDocument());
});
