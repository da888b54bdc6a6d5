import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { LANGUAGES, setLanguage, type Language } from '../i18n/i18n';

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      w="fit-content"
      aria-label={t('shell.language')}
      data={LANGUAGES}
      value={i18n.language}
      onChange={(value) => setLanguage(value as Language)}
    />
  );
}
