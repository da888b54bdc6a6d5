import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export function GroupsPage() {
  const { t } = useTranslation();
  return <Title order={2}>{t('shell.groups')}</Title>;
}
