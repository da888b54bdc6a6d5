import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '../shared/EmptyState';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <EmptyState icon={<IconMapQuestion size={32} />} title={t('common.notFoundTitle')} isPage text={t('common.notFoundText')}>
      <Button component={Link} to="/" variant="light" mt="sm">
        {t('common.goHome')}
      </Button>
    </EmptyState>
  );
}
