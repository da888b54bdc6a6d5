import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { routes } from '../../routes';
import { renderRoutes } from '../../testing/render';
import { errorReply, mockServer } from '../../testing/server';
import { safeTarget } from './SignInPage';

const ADA = { id: 'u1', name: 'ada', display_name: '艾达', is_admin: false, clearance: 1, disabled: false, created_at: 0 };

test('a wrong password is explained, the right one leads to the page that was asked for', async () => {
  let answer: unknown = errorReply(401, 'wrong_password');
  mockServer({
    'GET /session': errorReply(401, 'unauthorized'),
    'POST /session': () => answer,
    'GET /folders': { items: [] },
    'GET /trash': { items: [] },
  });
  const { router } = renderRoutes(routes, '/trash');

  await userEvent.type(await screen.findByRole('textbox', { name: '用户名' }), 'ada');
  await userEvent.type(screen.getByLabelText('密码', { selector: 'input' }), 'wrong');
  expect(router.state.location.search).toBe('?next=%2Ftrash');
  await userEvent.click(screen.getByRole('button', { name: '登录' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('用户名或密码不正确');

  answer = { user: ADA };
  await userEvent.click(screen.getByRole('button', { name: '登录' }));
  expect(await screen.findByRole('button', { name: '用户菜单：艾达' })).toBeInTheDocument();
  expect(router.state.location.pathname).toBe('/trash');
});

test('only paths of this application are followed after signing in', () => {
  expect(safeTarget('/folders/1?x=2')).toBe('/folders/1?x=2');
  for (const bad of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)', null]) {
    expect(safeTarget(bad)).toBe('/');
  }
});
