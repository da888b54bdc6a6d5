import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'groups.new': 'New group',
  'groups.newBelow': 'New group below “{{name}}”',
  'groups.addBelow': 'New group below',
  'groups.none': 'No groups yet',
  'groups.noneText': 'Groups gather people, such as departments, so that access is given once.',
  'groups.members': 'Members',
  'groups.membersOf': 'Members of “{{name}}”',
  'groups.memberCount_other': '{{count}} people',
  'groups.memberCount_one': '{{count}} person',
  'groups.addMember': 'Add a member',
  'groups.noMembers': 'No members yet',
  'groups.removeMember': 'Remove {{name}}',
  'groups.deleteTitle': 'Delete the group “{{name}}”?',
  'groups.deleteText': 'Access that was given through this group ends.',
};
