import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'users.new': 'New user',
  'users.search': 'Search users',
  'users.none': 'No users found',
  'users.name': 'User name',
  'users.nameHint': 'For signing in; cannot be changed later',
  'users.displayName': 'Display name',
  'users.password': 'Password',
  'users.newPassword': 'New password',
  'users.newPasswordHint': 'Leave empty to keep the present one',
  'users.clearance': 'Clearance',
  'users.clearanceHint': 'The highest level of documents this user may see',
  'users.isAdmin': 'Administrator',
  'users.isAdminHint': 'Can manage users and groups',
  'users.disabled': 'Disabled',
  'users.disabledHint': 'Cannot sign in; the content stays',
  'users.admin': 'Administrator',
  'users.isDisabled': 'Disabled',
  'users.createdAt': 'Created',
  'users.edit': 'Edit {{name}}',
  'users.editTitle': 'Edit {{name}}',
};
