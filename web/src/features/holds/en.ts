import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'holds.held': 'On hold',
  'holds.menu': 'Hold…',
  'holds.menuHeld': 'Show hold…',
  'holds.title': 'Hold “{{name}}”',
  'holds.hint': 'As long as it is on hold it cannot be deleted or moved out, and no version goes. It can still be read and edited; every version stays.',
  'holds.aboutFolder': 'As long as the folder is on hold, nothing in it can be deleted or moved out, and no version goes. It can still be read and edited; every version stays.',
  'holds.aboutDocument': 'As long as the document is on hold it cannot be deleted, and no version goes. It can still be read and edited; every version stays.',
  'holds.note': 'Reason',
  'holds.notePlaceholder': 'For example: evidence for arbitration, until the case is closed',
  'holds.noNote': 'No reason given',
  'holds.from': 'by the folder “{{name}}”',
  'holds.fromAbove': 'by a folder above',
  'holds.hold': 'Hold',
  'holds.lift': 'Lift the hold',
  'holds.put': '“{{name}}” is on hold',
  'holds.lifted': '“{{name}}” is not on hold any more',
};
