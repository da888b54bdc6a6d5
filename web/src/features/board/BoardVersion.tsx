import './assets';
import { Excalidraw } from '@excalidraw/excalidraw';
import '@excalidraw/excalidraw/index.css';
import type { ExcalidrawInitialDataState } from '@excalidraw/excalidraw/types';
import { Button, Group, Text, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '../../api/client';
import type { DocumentView } from '../../api/types';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import classes from './board.module.css';
import { loadPictures, type StoredPicture } from './pictures';

interface StoredBoard extends Omit<ExcalidrawInitialDataState, 'files'> {
  files: Record<string, StoredPicture>;
}

/** A board as it was: looked at, not drawn on. */
export function BoardVersion({ document, number }: { document: DocumentView; number: number }) {
  const { t, i18n } = useTranslation();
  const theme = useComputedColorScheme('light');
  const version = useQuery({
    queryKey: ['board', document.id, number],
    queryFn: async ({ signal }) => {
      const { files, ...scene } = await api.get<StoredBoard>(`/documents/${document.id}/versions/${number}/content`, undefined, signal);
      return { ...scene, files: await loadPictures(files) };
    },
    staleTime: Infinity,
  });
  return (
    <div className={classes.page}>
      <Group px="md" py="xs" gap="sm" wrap="nowrap" className={classes.head}>
        <Text fw={600} truncate>
          {document.name}
        </Text>
        <Text c="dimmed" flex={1} style={{ whiteSpace: 'nowrap' }}>
          {t('board.version', { number })}
        </Text>
        <Button variant="light" component={Link} to={`/documents/${document.id}`}>
          {t('board.backToNow')}
        </Button>
      </Group>
      {version.isPending && <Loading />}
      {version.error && <ErrorNotice error={version.error} onRetry={() => void version.refetch()} />}
      {version.data && (
        <div className={classes.canvas}>
          <Excalidraw
            initialData={{ ...version.data, scrollToContent: true }}
            viewModeEnabled
            theme={theme}
            langCode={i18n.language === 'en' ? 'en' : 'zh-CN'}
            name={document.name}
            validateEmbeddable={false}
            UIOptions={{ canvasActions: { loadScene: false, toggleTheme: false } }}
          />
        </div>
      )}
    </div>
  );
}
