import { ActionIcon, Badge, Button, Center, Group, Menu, Progress, Table, Text, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconArrowBackUp, IconDots, IconFolderSymlink, IconLock, IconTrash, IconTrashX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { TrashEntryView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatBytes, formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { notifyDone, notifyError } from '../../shared/notify';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { FileIcon } from '../documents/FileIcon';
import { isPurging, useEmptyTrash, usePurge, useTrash } from './api';
import { daysLeft } from './daysLeft';
import { useRestoring } from './useRestoring';

export function TrashPage() {
  const { t } = useTranslation();
  const trash = useTrash();
  const entries = trash.data?.pages.flatMap((page) => page.items) ?? [];
  useTitle(t('shell.trash'));
  return (
    <>
      <PageHeader title={t('shell.trash')}>{entries.some((entry) => !isPurging(entry)) && <EmptyButton />}</PageHeader>
      {trash.isPending && <Loading />}
      {trash.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={trash.error} onRetry={() => void trash.refetch()} />
        </div>
      )}
      {trash.data && entries.length === 0 && (
        <EmptyState icon={<IconTrash size={32} stroke={1.5} />} title={t('trash.empty')} text={t('trash.emptyText')} />
      )}
      {entries.length > 0 && (
        <Table verticalSpacing="xs" horizontalSpacing="md" aria-label={t('shell.trash')} mb={trash.hasNextPage ? 0 : 96} layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('common.name')}</Table.Th>
              <Table.Th visibleFrom="md" w={110} ta="right">
                {t('folders.column.size')}
              </Table.Th>
              <Table.Th visibleFrom="sm" w={170}>
                {t('trash.by')}
              </Table.Th>
              <Table.Th visibleFrom="md" w={150}>
                {t('trash.left')}
              </Table.Th>
              <Table.Th w={168} aria-label={t('common.actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entries.map((entry) => (
              <TrashRow key={entry.id} entry={entry} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {trash.hasNextPage && (
        <Center p="md" mb={96}>
          <Button variant="subtle" loading={trash.isFetchingNextPage} onClick={() => void trash.fetchNextPage()}>
            {t('common.loadMore')}
          </Button>
        </Center>
      )}
    </>
  );
}

function EmptyButton() {
  const { t } = useTranslation();
  const empty = useEmptyTrash();

  function handleEmpty() {
    modals.openConfirmModal({
      title: t('trash.emptyTitle'),
      centered: true,
      children: <Text size="sm">{t('trash.emptyWarning')}</Text>,
      labels: { confirm: t('trash.emptyNow'), cancel: t('common.cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () =>
        empty.mutate(undefined, {
          onSuccess: ({ held }) => notifyDone(held > 0 ? t('trash.emptiedExcept', { count: held }) : t('trash.emptied')),
          onError: notifyError,
        }),
    });
  }

  return (
    <Button variant="default" leftSection={<IconTrashX size={18} stroke={1.6} />} loading={empty.isPending} onClick={handleEmpty}>
      {t('trash.emptyNow')}
    </Button>
  );
}

function TrashRow({ entry }: { entry: TrashEntryView }) {
  const { t } = useTranslation();
  const restoring = useRestoring();
  const purging = isPurging(entry);
  const path = entry.path.map((part) => part.name).join(' / ');
  const count = entry.kind === 'folder' ? t('trash.count', { count: entry.document_count }) : undefined;
  return (
    <Table.Tr opacity={purging ? 0.6 : 1} aria-label={entry.name}>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <FileIcon kind={entry.kind} mediaType={entry.media_type ?? undefined} name={entry.name} size={24} />
          <div style={{ minWidth: 0 }}>
            <Group gap={6} wrap="nowrap">
              <Text size="sm" fw={500} lineClamp={2} title={entry.name} style={{ overflowWrap: 'anywhere' }}>
                {entry.name}
              </Text>
              {entry.held && (
                <Tooltip label={t('trash.heldHint')} multiline maw={260}>
                  <Badge size="sm" color="orange" variant="light" tt="none" flex="none" leftSection={<IconLock size={11} />}>
                    {t('holds.held')}
                  </Badge>
                </Tooltip>
              )}
            </Group>
            <Text size="xs" c="dimmed" lineClamp={2} title={path}>
              {[count, path && t('trash.from', { path })].filter(Boolean).join(' · ')}
            </Text>
            <Text size="xs" c="dimmed" hiddenFrom="sm">
              {[entry.trashed_by?.name, formatTime(entry.trashed_at)].filter(Boolean).join(' · ')}
            </Text>
            <Text size="xs" c="dimmed" hiddenFrom="md">
              {t('trash.left')}{t('common.colon')}
              <Left entry={entry} inline />
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="md" ta="right">
        <Text size="sm" c="dimmed">
          {formatBytes(entry.size_bytes)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm" truncate>
          {entry.trashed_by?.name ?? '—'}
        </Text>
        <Text size="xs" c="dimmed">
          {formatTime(entry.trashed_at)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Left entry={entry} />
      </Table.Td>
      <Table.Td pl={0}>
        {purging ? (
          <Purging entry={entry} />
        ) : (
          <Group gap={4} wrap="nowrap" justify="flex-end">
            <Button
              size="compact-sm"
              variant="light"
              leftSection={<IconArrowBackUp size={16} />}
              loading={restoring.isPending}
              onClick={() => restoring.restore(entry)}
              aria-label={t('trash.restoreName', { name: entry.name })}
            >
              {t('trash.restore')}
            </Button>
            <EntryMenu entry={entry} onElsewhere={() => restoring.choosePlace(entry)} />
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Left({ entry, inline = false }: { entry: TrashEntryView; inline?: boolean }) {
  const { t } = useTranslation();
  const days = entry.purge_at == null ? undefined : daysLeft(entry.purge_at);
  const form = inline ? ({ span: true, inherit: true } as const) : ({ size: 'sm' } as const);
  if (days === undefined) return <Text {...form} c="dimmed">{t('trash.never')}</Text>;
  return (
    <Text {...form} c={days <= 3 ? 'var(--mantine-color-error)' : 'dimmed'} title={entry.purge_at == null ? undefined : formatTime(entry.purge_at)}>
      {days <= 0 ? t('trash.today') : t('trash.days', { count: days })}
    </Text>
  );
}

function Purging({ entry }: { entry: TrashEntryView }) {
  const { t } = useTranslation();
  const share = entry.document_count > 0 ? Math.min(100, ((entry.purged_count ?? 0) / entry.document_count) * 100) : 100;
  return (
    <div>
      <Text size="xs" c="dimmed">
        {entry.kind === 'folder' ? t('trash.purging', { done: entry.purged_count ?? 0, total: entry.document_count }) : t('trash.purgingOne')}
      </Text>
      <Progress value={share} size="sm" mt={4} aria-label={t('trash.purgingOne')} />
    </div>
  );
}

function EntryMenu({ entry, onElsewhere }: { entry: TrashEntryView; onElsewhere: () => void }) {
  const { t } = useTranslation();
  const purge = usePurge();
  // A library lies in no folder.
  const hasPlace = entry.kind !== 'folder' || entry.path.length > 0;

  function handlePurge() {
    modals.openConfirmModal({
      title: t('trash.purgeTitle', { name: entry.name }),
      centered: true,
      children: (
        <Text size="sm">
          {entry.kind === 'folder' ? t('trash.purgeFolderText', { count: entry.document_count }) : t('trash.purgeText')}
        </Text>
      ),
      labels: { confirm: t('trash.purge'), cancel: t('common.cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => purge.mutate(entry.id, { onError: notifyError }),
    });
  }

  return (
    <Menu position="bottom-end" width={200} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" loading={purge.isPending} aria-label={t('folders.actionsFor', { name: entry.name })}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {hasPlace && (
          <Menu.Item leftSection={<IconFolderSymlink size={16} />} onClick={onElsewhere}>
            {t('trash.elsewhere')}
          </Menu.Item>
        )}
        <Menu.Item color="red" disabled={entry.held} leftSection={<IconTrashX size={16} />} onClick={handlePurge}>
          {t('trash.purge')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
