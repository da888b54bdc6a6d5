import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'templates.label': 'Template',
  'templates.title': 'Use a template',
  'templates.apply': 'Use',
  'templates.blank': 'Blank page',
  'templates.blankText': 'Start from nothing',
  'templates.minutes': 'Meeting minutes',
  'templates.minutesText': 'Agenda, decisions, actions',
  'templates.notice': 'Notice',
  'templates.noticeText': 'When, where, what',
  'templates.plan': 'Work plan',
  'templates.planText': 'Goals, tasks, means',
  'templates.weekly': 'Weekly report',
  'templates.weeklyText': 'Done, next week',
  'templates.official': 'Official document',
  'templates.officialText': 'Chinese GB/T 9704—2012',
};
