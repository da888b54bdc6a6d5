import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'viewer.download': 'Download original',
  'viewer.pages': 'Pages',
  'viewer.page': 'Page',
  'viewer.pageNumber': 'Page {{number}}',
  'viewer.zoomIn': 'Zoom in',
  'viewer.zoomOut': 'Zoom out',
  'viewer.waiting': 'The preview is being made…',
  'viewer.failedTitle': 'No preview',
  'viewer.noPages': 'This file has no pages to show',
  'viewer.oldVersion': 'This is version {{number}}.',
  'viewer.toCurrent': 'Go to the current version',
};
