import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { routes } from '../../routes';
import { renderRoutes } from '../../testing/render';
import { errorReply, mockServer } from '../../testing/server';

const ADA = { id: 'u1', name: 'ada', display_name: '艾达', is_admin: false, clearance: 1, disabled: false, created_at: 0 };

function locked(abilities: string[], processing: object = { state: 'failed', code: 'document_encrypted' }) {
  const person = { id: 'u1', name: '艾达' };
  return {
    id: 'd1', kind: 'file', name: '密件.pdf', folder_id: 'f1', path: [], media_type: 'application/pdf', size_bytes: 2048, level: 1,
    version: 1, created_at: 0, created_by: person, updated_at: 0, updated_by: person, processing, inherits: true, role: 'editor', abilities,
  };
}

function serve(abilities: string[], unlock: () => unknown) {
  return mockServer({
    'GET /session': { user: ADA },
    'GET /folders': { items: [] },
    'GET /documents/d1': locked(abilities),
    'GET /documents/d1/pages': () => errorReply(422, 'preview_failed', { reason: 'document_encrypted' }),
    'POST /documents/d1/password': unlock,
  });
}

test('an editor is asked for the password and told when it is wrong', async () => {
  const calls = serve(['read', 'download', 'edit'], () => errorReply(422, 'password_wrong'));
  renderRoutes(routes, '/documents/d1');
  const field = await screen.findByLabelText('文档密码');
  await userEvent.type(field, '错的');
  await userEvent.click(screen.getByRole('button', { name: '打开文档' }));
  expect(await screen.findByText('密码不正确，无法打开此文档')).toBeInTheDocument();
  expect(field).toHaveValue('');
  expect(calls.filter((call) => call.path.endsWith('/password')).map((call) => call.body)).toEqual([{ password: '错的' }]);
});

test('who may only read sees why there is no preview, and no field', async () => {
  serve(['read', 'download'], () => errorReply(403, 'edit_not_allowed'));
  renderRoutes(routes, '/documents/d1');
  expect(await screen.findByText('文档已加密，无法读取内容')).toBeInTheDocument();
  expect(screen.queryByLabelText('文档密码')).toBeNull();
});
