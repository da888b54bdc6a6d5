import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle, IconReload } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../api/types';
import { Loading } from '../../shared/Loading';
import classes from './editor.module.css';
import { ReadOnlyBody } from './ReadOnlyBody';
import { RescueButton, SaveState } from './SaveState';
import type { LiveRoom } from './useLiveRoom';

/** A page that a newer version of the program has written: shown as it is, not edited. */
export function NewerPage({ document, live }: { document: DocumentView; live: LiveRoom }) {
  const { t } = useTranslation();
  const snapshot = useSyncExternalStore(live.room.subscribe, live.room.read);
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <Group px="md" py="xs" gap="sm">
          <Text fw={600} size="lg" flex={1} truncate>
            {document.name}
          </Text>
          <SaveState room={snapshot} />
        </Group>
        <Alert color="orange" mx="md" mb="xs" icon={<IconAlertTriangle size={18} />} title={t('editor.newer.title')} role="alert">
          <Text size="sm">{t('editor.newer.text', { names: live.newer?.join('、') })}</Text>
          <Group mt="xs" gap="xs">
            <Button size="xs" variant="light" color="orange" leftSection={<IconReload size={14} />} onClick={() => location.reload()}>
              {t('editor.newer.reload')}
            </Button>
            {snapshot.dirty && <RescueButton name={document.name} doc={live.room.doc} />}
          </Group>
        </Alert>
      </div>
      {snapshot.loaded || snapshot.state === 'closed' ? (
        <div className={classes.text}>
          <ReadOnlyBody doc={live.room.doc} />
        </div>
      ) : (
        <Loading />
      )}
    </div>
  );
}
