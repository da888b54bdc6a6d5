import { notifications } from '@mantine/notifications';
import i18n from '../i18n/i18n';
import { errorText } from '../i18n/errorText';

/** Shows a failure that has no field or page of its own. */
export function notifyError(error: unknown): void {
  notifications.show({ color: 'red', message: errorText(i18n.t, error), withBorder: true, closeButtonProps: { 'aria-label': i18n.t('common.close') } });
}

export function notifyDone(message: string): void {
  notifications.show({ color: 'teal', message, withBorder: true, autoClose: 3000, closeButtonProps: { 'aria-label': i18n.t('common.close') } });
}
