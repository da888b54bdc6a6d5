import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'session.title': 'Sign in',
  'session.subtitle': 'Your team’s documents, safely in one place',
  'session.name': 'User name',
  'session.password': 'Password',
  'session.submit': 'Sign in',
  'session.showPassword': 'Show or hide the password',
};
