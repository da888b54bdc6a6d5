import { Button, Group, Paper, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeToUpdate, useUpdateReady } from './serviceWorker';

/** Offers the newer build; nobody's page is reloaded under their hands. */
export function UpdateNotice() {
  const { t } = useTranslation();
  const [later, setLater] = useState(false);
  if (!useUpdateReady() || later) return null;
  return (
    <Paper role="status" withBorder shadow="md" p="sm" radius="md" pos="fixed" bottom={16} left="50%" style={{ transform: 'translateX(-50%)', zIndex: 300 }}>
      <Group gap="sm" wrap="nowrap">
        <IconRefresh size={18} aria-hidden />
        <Text size="sm">{t('offline.updateReady')}</Text>
        <Button size="xs" onClick={changeToUpdate}>
          {t('offline.update')}
        </Button>
        <Button size="xs" variant="subtle" color="gray" onClick={() => setLater(true)}>
          {t('offline.later')}
        </Button>
      </Group>
    </Paper>
  );
}
