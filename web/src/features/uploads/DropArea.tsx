import { Paper, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconUpload } from '@tabler/icons-react';
import { useRef, useState, type DragEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './DropArea.module.css';
import { readDropped } from './dropped';
import { uploads } from './manager';

interface Props {
  folderId: string;
  folderName: string;
  enabled: boolean;
  children: ReactNode;
}

const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');

/** Takes files and folders dropped anywhere on its content. */
export function DropArea({ folderId, folderName, enabled, children }: Props) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  // Entering a child comes before leaving its parent, so both are counted.
  const depth = useRef(0);

  function handleEnter(event: DragEvent) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth.current += 1;
    setOver(true);
  }

  function handleLeave(event: DragEvent) {
    if (!hasFiles(event)) return;
    depth.current -= 1;
    if (depth.current <= 0) setOver(false);
  }

  function handleDrop(event: DragEvent) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    if (!enabled) {
      notifications.show({ color: 'red', message: t('uploads.notAllowed') });
      return;
    }
    readDropped(event.dataTransfer)
      .then((selection) => uploads.add(folderId, selection))
      .catch(() => notifications.show({ color: 'red', message: t('error.file_unreadable') }));
  }

  return (
    <div
      className={classes.area}
      onDragEnter={handleEnter}
      onDragLeave={handleLeave}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={handleDrop}
    >
      {children}
      {over && (
        <div className={classes.overlay} data-refused={!enabled || undefined}>
          <Paper p="lg" radius="lg" shadow="md" ta="center">
            <IconUpload size={36} stroke={1.5} />
            <Text fw={600}>{enabled ? t('uploads.dropHere', { name: folderName }) : t('uploads.notAllowed')}</Text>
          </Paper>
        </div>
      )}
    </div>
  );
}
