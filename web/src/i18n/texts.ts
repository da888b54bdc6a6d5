// All dictionaries together. Keys begin with the name of their feature.
import { en as commonEn } from './common.en';
import { zhCN as commonZh } from './common.zh-CN';
import { en as errorsEn } from './errors.en';
import { zhCN as errorsZh } from './errors.zh-CN';
import { en as shellEn } from '../shell/en';
import { zhCN as shellZh } from '../shell/zh-CN';
import { en as sessionEn } from '../features/session/en';
import { zhCN as sessionZh } from '../features/session/zh-CN';
import { en as foldersEn } from '../features/folders/en';
import { zhCN as foldersZh } from '../features/folders/zh-CN';
import { en as documentsEn } from '../features/documents/en';
import { zhCN as documentsZh } from '../features/documents/zh-CN';
import { en as uploadsEn } from '../features/uploads/en';
import { zhCN as uploadsZh } from '../features/uploads/zh-CN';
import { en as rightsEn } from '../features/rights/en';
import { zhCN as rightsZh } from '../features/rights/zh-CN';
import { en as usersEn } from '../features/users/en';
import { zhCN as usersZh } from '../features/users/zh-CN';
import { en as groupsEn } from '../features/groups/en';
import { zhCN as groupsZh } from '../features/groups/zh-CN';
import { en as settingsEn } from '../features/settings/en';
import { zhCN as settingsZh } from '../features/settings/zh-CN';
import { en as driveEn } from '../features/drive/en';
import { zhCN as driveZh } from '../features/drive/zh-CN';
import { en as trashEn } from '../features/trash/en';
import { zhCN as trashZh } from '../features/trash/zh-CN';
import { en as holdsEn } from '../features/holds/en';
import { zhCN as holdsZh } from '../features/holds/zh-CN';
import { en as retentionEn } from '../features/retention/en';
import { zhCN as retentionZh } from '../features/retention/zh-CN';
import { en as usageEn } from '../features/usage/en';
import { zhCN as usageZh } from '../features/usage/zh-CN';
import { en as historyEn } from '../features/history/en';
import { zhCN as historyZh } from '../features/history/zh-CN';
import { en as viewerEn } from '../features/viewer/en';
import { zhCN as viewerZh } from '../features/viewer/zh-CN';
import { en as searchEn } from '../features/search/en';
import { zhCN as searchZh } from '../features/search/zh-CN';
import { en as recordsEn } from '../features/records/en';
import { zhCN as recordsZh } from '../features/records/zh-CN';
import { en as editorEn } from '../features/editor/en';
import { zhCN as editorZh } from '../features/editor/zh-CN';
import { en as commentsEn } from '../features/comments/en';
import { zhCN as commentsZh } from '../features/comments/zh-CN';
import { en as suggestionsEn } from '../features/suggestions/en';
import { zhCN as suggestionsZh } from '../features/suggestions/zh-CN';
import { en as templatesEn } from '../features/templates/en';
import { zhCN as templatesZh } from '../features/templates/zh-CN';
import { en as boardEn } from '../features/board/en';
import { zhCN as boardZh } from '../features/board/zh-CN';
import { en as exchangeEn } from '../features/exchange/en';
import { zhCN as exchangeZh } from '../features/exchange/zh-CN';
import { en as versionsEn } from '../features/versions/en';
import { zhCN as versionsZh } from '../features/versions/zh-CN';
import { en as offlineEn } from '../offline/en';
import { zhCN as offlineZh } from '../offline/zh-CN';

export const zhCN = {
  ...commonZh,
  ...errorsZh,
  ...shellZh,
  ...sessionZh,
  ...foldersZh,
  ...documentsZh,
  ...uploadsZh,
  ...rightsZh,
  ...usersZh,
  ...groupsZh,
  ...settingsZh,
  ...driveZh,
  ...trashZh,
  ...holdsZh,
  ...retentionZh,
  ...usageZh,
  ...historyZh,
  ...viewerZh,
  ...searchZh,
  ...recordsZh,
  ...editorZh,
  ...templatesZh,
  ...boardZh,
  ...exchangeZh,
  ...versionsZh,
  ...commentsZh,
  ...suggestionsZh,
  ...offlineZh,
};

export const en: Record<string, string> = {
  ...commonEn,
  ...errorsEn,
  ...shellEn,
  ...sessionEn,
  ...foldersEn,
  ...documentsEn,
  ...uploadsEn,
  ...rightsEn,
  ...usersEn,
  ...groupsEn,
  ...settingsEn,
  ...driveEn,
  ...trashEn,
  ...holdsEn,
  ...retentionEn,
  ...usageEn,
  ...historyEn,
  ...viewerEn,
  ...searchEn,
  ...recordsEn,
  ...editorEn,
  ...templatesEn,
  ...boardEn,
  ...exchangeEn,
  ...versionsEn,
  ...commentsEn,
  ...suggestionsEn,
  ...offlineEn,
};
