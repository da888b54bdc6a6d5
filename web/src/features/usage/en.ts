import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'usage.used': '{{used}} used',
  'usage.usedOf': '{{used}} of {{limit}} used',
  'usage.reserved': '{{size}} of it is reserved for uploads on their way',
  'usage.hint': 'Every version counts with its full size, also in the trash.',
  'usage.ofLibrary': 'Storage of the library',
  'usage.mine': 'My storage',
  'usage.of': 'Storage of {{name}}',
  'usage.about': 'Every version counts with its full size: for its library, and for whoever uploaded or wrote it. What lies in the trash counts until it is deleted for good. Beyond the quota, uploads are refused before they begin; what is there stays.',
  'usage.libraries': 'Libraries',
  'usage.people': 'People',
  'usage.column': 'Used',
  'usage.quota': 'Quota',
  'usage.isDefault': 'Default',
  'usage.edit': 'Change the quota of {{name}}',
  'usage.quotaTitle': 'Quota of “{{name}}”',
  'usage.default': 'Default ({{limit}})',
  'usage.unlimited': 'Unlimited',
  'usage.limited': 'Limited',
  'usage.limit': 'At most',
  'usage.unit': 'Unit',
  'usage.below': '{{used}} are used now. Nothing is deleted, but nothing more can be added.',
  'usage.quotaSet': 'The quota of “{{name}}” was changed',
};
