import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'search.title': 'Search',
  'search.resultCount_other': '{{count}} results',
  'search.resultCount_one': '{{count}} result',
};
