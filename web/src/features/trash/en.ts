import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'trash.empty': 'The trash is empty',
  'trash.restore': 'Restore',
  'trash.restoreName': 'Restore {{name}}',
  'trash.restored': '“{{name}}” was restored',
};
