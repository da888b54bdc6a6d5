import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'retention.menu': 'Version retention…',
  'retention.title': 'Versions kept in “{{name}}”',
  'retention.all': 'Keep all versions',
  'retention.thin': 'Thin out older versions',
  'retention.keepAll': 'Keep all versions for',
  'retention.daily': 'Then keep the last one of each day for',
  'retention.weekly': 'After that the last one of each week stays.',
  'retention.most': 'Versions of a document at most',
  'retention.days': ' days',
  'retention.would_other': 'Now this would remove {{count}} older versions of {{documents}} documents, {{size}}',
  'retention.would_one': 'Now this would remove {{count}} older version of {{documents}} document, {{size}}',
  'retention.nothing': 'Now this would remove no version',
  'retention.incomplete': 'Fill in the days',
  'retention.never': 'The newest version, versions with a name, versions that somebody commented on, and what is on hold always stay. Versions are removed once a day and cannot be brought back.',
  'retention.saved': 'The rule was saved',
};
