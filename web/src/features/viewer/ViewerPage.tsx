import { Button, Stack, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { apiUrl } from '../../api/client';
import type { DocumentView } from '../../api/types';

interface Props {
  document: DocumentView;
}

export function ViewerPage({ document }: Props) {
  const { t } = useTranslation();
  return (
    <Stack p="md" align="flex-start">
      <Title order={2}>{document.name}</Title>
      {document.abilities.includes('download') && (
        <Button component="a" href={apiUrl(`/documents/${document.id}/content`)} leftSection={<IconDownload size={18} />} download>
          {t('viewer.download')}
        </Button>
      )}
    </Stack>
  );
}
