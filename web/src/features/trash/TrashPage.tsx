import { Button, Group, Table, Text } from '@mantine/core';
import { IconArrowBackUp, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { notifyDone, notifyError } from '../../shared/notify';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { FileIcon } from '../documents/FileIcon';
import { useTrash, useUntrash } from './api';

export function TrashPage() {
  const { t } = useTranslation();
  const trash = useTrash();
  useTitle(t('shell.trash'));
  return (
    <>
      <PageHeader title={t('shell.trash')} />
      {trash.isPending && <Loading />}
      {trash.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={trash.error} onRetry={() => void trash.refetch()} />
        </div>
      )}
      {trash.data?.items.length === 0 && <EmptyState icon={<IconTrash size={32} stroke={1.5} />} title={t('trash.empty')} />}
      {trash.data && trash.data.items.length > 0 && (
        <Table verticalSpacing="xs" horizontalSpacing="md" aria-label={t('shell.trash')} mb={96} layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('common.name')}</Table.Th>
              <Table.Th visibleFrom="sm" w={200}>
                {t('folders.column.updated')}
              </Table.Th>
              <Table.Th w={120} aria-label={t('common.actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {trash.data.items.map((document) => (
              <TrashRow key={document.id} document={document} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </>
  );
}

function TrashRow({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const untrash = useUntrash();

  function handleRestore() {
    untrash.mutate(document.id, {
      onSuccess: () => notifyDone(t('trash.restored', { name: document.name })),
      onError: notifyError,
    });
  }

  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={24} />
          <div style={{ minWidth: 0 }}>
            <Text size="sm" fw={500} truncate title={document.name}>
              {document.name}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {document.path.map((part) => part.name).join(' / ')}
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm">{document.updated_by.name}</Text>
        <Text size="xs" c="dimmed">
          {formatTime(document.updated_at)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconArrowBackUp size={16} />}
          loading={untrash.isPending}
          onClick={handleRestore}
          aria-label={t('trash.restoreName', { name: document.name })}
        >
          {t('trash.restore')}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
