import type { Translation } from '../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'offline.updateReady': 'A new version is ready',
  'offline.update': 'Update now',
  'offline.later': 'Later',
  'offline.unsent.title': 'Some changes have not been sent',
  'offline.unsent.signOut': 'Changes to these documents are kept on this device only. Signing out now deletes them:',
  'offline.unsent.anyway': 'Discard and sign out',
  'offline.unsent.gone':
    'You have no access to this document any more, but changes of yours are kept on this device only and were not sent. Download them before you remove them from this device.',
  'offline.unsent.untitled': 'Untitled document',
  'offline.unsent.discard': 'Remove from this device',
};
