import type { Translation } from '../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'shell.product': 'Wenshu',
  'shell.skipToContent': 'Skip to content',
  'shell.openNavigation': 'Open navigation',
  'shell.closeNavigation': 'Close navigation',
  'shell.navigation': 'Main navigation',
  'shell.libraries': 'Libraries',
  'shell.libraryTree': 'Library tree',
  'shell.trash': 'Trash',
  'shell.administration': 'Administration',
  'shell.users': 'Users',
  'shell.groups': 'Groups',
  'shell.settings': 'Settings',
  'shell.signOut': 'Sign out',
  'shell.userMenu': 'User menu: {{name}}',
  'shell.searchLabel': 'Search documents',
  'shell.searchPlaceholder': 'Search names, text, numbers…',
  'shell.searchAll': 'Search for “{{q}}”',
  'shell.suggestions': 'Suggestions',
  'shell.expand': 'Expand {{name}}',
  'shell.collapse': 'Collapse {{name}}',
  'shell.breadcrumbs': 'You are here',
  'shell.language': 'Language',
  'shell.openSearch': 'Open search',
  'shell.apiDocs': 'API documentation',
};
