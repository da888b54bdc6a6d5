import { Anchor, Badge, Drawer, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView } from '../../api/types';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { FileIcon } from '../documents/FileIcon';
import { useSimilar } from './api';

/** Documents that have rare words in common with one, and which words. */
export function SimilarDrawer({ document, onClose }: { document: DocumentView | null; onClose: () => void }) {
  const { t } = useTranslation();
  const similar = useSimilar(document?.id ?? null);
  const title = document ? t('search.similarTo', { name: document.name }) : '';
  return (
    <Drawer opened={document !== null} onClose={onClose} position="right" size="min(94vw, 420px)" title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {similar.isLoading && <Loading />}
      {similar.error && <ErrorNotice error={similar.error} onRetry={() => void similar.refetch()} />}
      {similar.data?.items.length === 0 && (
        <Text c="dimmed" size="sm">
          {t('search.noSimilar')}
        </Text>
      )}
      <Stack component="ol" gap="md" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('search.similar')}>
        {similar.data?.items.map(({ document, common }) => (
          <Group component="li" key={document.id} gap="sm" wrap="nowrap" align="start">
            <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} />
            <Stack gap={4} miw={0}>
              <Anchor component={Link} to={`/documents/${document.id}`} fw={600} size="sm">
                {document.name}
              </Anchor>
              <Text size="xs" c="dimmed">
                {document.path.map((folder) => folder.name).join(' / ')}
              </Text>
              <Group gap={4}>
                {common.map((word) => (
                  <Badge key={word} size="sm" variant="light" tt="none">
                    {word}
                  </Badge>
                ))}
              </Group>
            </Stack>
          </Group>
        ))}
      </Stack>
    </Drawer>
  );
}
