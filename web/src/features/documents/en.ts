import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'documents.state.waiting': 'Processing',
  'documents.state.ready': 'Can be searched and shown',
  'documents.state.recognising': 'Reading scanned text {{done}}/{{total}}',
  'documents.state.recognisingShort': 'Reading {{done}}/{{total}}',
  'documents.state.failed': 'Failed',
};
