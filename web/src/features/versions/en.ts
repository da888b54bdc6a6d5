import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'versions.title': 'Version history',
  'versions.none': 'No versions yet',
  'versions.number': 'Version {{number}}',
  'versions.current': 'Current',
  'versions.noPreview': 'No preview',
  'versions.note': 'Note',
  'versions.save': 'Save a version',
  'versions.open': 'Open',
  'versions.openNumber': 'Open version {{number}}',
  'versions.downloadNumber': 'Download version {{number}}',
  'versions.name': 'Name',
  'versions.rename': 'Name it',
  'versions.renameNumber': 'Name version {{number}}',
  'versions.renameTitle': 'Name version {{number}}',
  'versions.restore': 'Restore',
  'versions.restoreNumber': 'Restore version {{number}}',
  'versions.restoreTitle': 'Restore version {{number}}?',
  'versions.restoreText': 'Its content is added as a new version. All existing versions stay.',
  'versions.restoredFrom': 'Restored from version {{number}}',
  'versions.restored': 'Restored as version {{number}}',
};
