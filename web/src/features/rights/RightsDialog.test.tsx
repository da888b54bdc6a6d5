import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { GrantView } from '../../api/types';
import { renderPage } from '../../testing/render';
import { mockServer } from '../../testing/server';
import { RightsDialog } from './RightsDialog';

const BOB = { id: 'u2', name: 'bob', display_name: '鲍勃', is_admin: false, clearance: 1, disabled: false, created_at: 0 };
const OWN: GrantView = { subject_kind: 'group', subject_id: 'g1', subject_name: '办公室', role: 'reader', inherited_from: null };
const ABOVE: GrantView = {
  subject_kind: 'user',
  subject_id: 'u9',
  subject_name: '馆长',
  role: 'manager',
  inherited_from: { id: 'f0', name: '总馆' },
};

test('people are added with a role, roles change and go, inherited ones are shown', async () => {
  let grants = [OWN, ABOVE];
  const calls = mockServer({
    'GET /folders/f1/grants': () => ({ items: grants }),
    'GET /users': { items: [BOB] },
    'GET /groups': { items: [{ id: 'g1', parent_id: null, name: '办公室', member_count: 1 }] },
    'PUT /folders/f1/grants/user/u2': () => void (grants = [...grants, { ...OWN, subject_kind: 'user', subject_id: 'u2', subject_name: '鲍勃' }]),
    'DELETE /folders/f1/grants/group/g1': () => void (grants = grants.filter((grant) => grant.subject_id !== 'g1')),
  });
  renderPage(<RightsDialog kind="folders" id="f1" name="档案" inherits />);
  expect(await screen.findByText('来自“总馆”')).toBeInTheDocument();
  expect(within(screen.getByRole('list', { name: '在此处授予的权限' })).getByText('可以预览和下载原件')).toBeInTheDocument();

  await userEvent.click(screen.getByRole('combobox', { name: '添加成员或用户组' }));
  await userEvent.click(await screen.findByRole('option', { name: '鲍勃 (bob)' }));
  await userEvent.click(screen.getByRole('button', { name: '添加' }));
  await vi.waitFor(() => expect(calls.find((call) => call.method === 'PUT')?.body).toEqual({ role: 'reader' }), 20_000);
  expect(await screen.findByRole('button', { name: '移除 鲍勃' })).toBeInTheDocument();

  await userEvent.click(screen.getByRole('button', { name: '移除 办公室' }));
  await vi.waitFor(() => expect(screen.queryByRole('button', { name: '移除 办公室' })).not.toBeInTheDocument(), 20_000);
});
