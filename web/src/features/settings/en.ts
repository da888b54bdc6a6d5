import type { Translation } from '../../i18n/types';
import type { zhCN } from './zh-CN';

export const en: Translation<typeof zhCN> = {
  'settings.account': 'Account',
  'settings.password': 'Change the password',
  'settings.oldPassword': 'Present password',
  'settings.newPassword': 'New password',
  'settings.repeatPassword': 'New password again',
  'settings.passwordsDiffer': 'The two passwords differ',
  'settings.oldPasswordWrong': 'The present password is wrong',
  'settings.changePassword': 'Change password',
  'settings.passwordChanged': 'The password was changed',
  'settings.tokens': 'Access tokens',
  'settings.tokensText': 'For scripts and programs that use the API with your rights.',
  'settings.newToken': 'New token',
  'settings.tokenName': 'Purpose',
  'settings.tokenPlaceholder': 'For example: nightly backup',
  'settings.tokenLife': 'Valid for',
  'settings.days_other': '{{count}} days',
  'settings.days_one': '{{count}} day',
  'settings.noExpiry': 'Never expires',
  'settings.tokenMade': 'Copy the token now: it is not shown again',
  'settings.noTokens': 'No tokens yet',
  'settings.tokenCreated': 'Created {{time}}',
  'settings.tokenExpires': 'Expires {{time}}',
  'settings.deleteToken': 'Delete the token {{name}}',
};
