import type { TFunction } from 'i18next';

/** What a version says about itself; one that was restored names its origin as `#2`. */
export function noteText(t: TFunction, note: string): string {
  const [, number] = /^#(\d+)$/.exec(note) ?? [];
  return number ? t('versions.restoredFrom', { number }) : note;
}
