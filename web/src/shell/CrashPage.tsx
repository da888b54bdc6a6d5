import { Button, Code } from '@mantine/core';
import { IconMoodSad } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { EmptyState } from '../shared/EmptyState';

/** Shown instead of a page that threw; a chunk that is gone after an update is cured by the reload. */
export function CrashPage() {
  const { t } = useTranslation();
  const error = useRouteError();
  return (
    <EmptyState icon={<IconMoodSad size={32} />} title={t('common.crashTitle')} text={t('common.crashText')}>
      <Code>{error instanceof Error ? error.message : String(error)}</Code>
      <Button variant="light" mt="sm" onClick={() => window.location.reload()}>
        {t('common.reload')}
      </Button>
    </EmptyState>
  );
}
