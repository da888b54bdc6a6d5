import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'exchange.editAsPage': 'Edit as page',
  'exchange.importTitle': 'Edit “{{name}}” as a page',
  'exchange.step.converting': 'Converting the document …',
  'exchange.step.pictures': 'Uploading pictures ({{done}} of {{total}}) …',
  'exchange.step.writing': 'Writing and saving …',
  'exchange.progress': 'Progress',
  'exchange.failed': 'No page could be made of it',
  'exchange.cancelled': 'Cancelled',
  'exchange.incomplete': 'A page with part of the text was left; look at it and delete it:',
  'exchange.picturesLeftOut': 'Some pictures were left out: they cannot be shown, or you may not see them',
  'exchange.importFile': 'Import as a page',
  'exchange.export': 'Export',
  'exchange.exportAs': 'Export as',
  'exchange.format.docx': 'Word document',
  'exchange.format.pdf': 'PDF',
  'exchange.format.md': 'Markdown',
  'exchange.format.html': 'Web page',
  'exchange.hint.docx': '.docx, for Word and WPS',
  'exchange.hint.pdf': '.pdf, A4, to print and to keep',
  'exchange.hint.md': '.md; with pictures a .zip archive',
  'exchange.hint.html': '.html, one file with its pictures',
};
