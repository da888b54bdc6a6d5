import { Center, Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** A quiet spinner with a name for screen readers. */
export function Loading({ height = 240 }: { height?: number | string }) {
  const { t } = useTranslation();
  return (
    <Center h={height} role="status" aria-label={t('common.loading')}>
      <Loader type="dots" />
    </Center>
  );
}
