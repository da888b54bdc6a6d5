import { ActionIcon, Badge, Button, Card, Drawer, Group, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconEye, IconPencil, IconRestore, IconTimeline } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { apiUrl } from '../../api/client';
import type { DocumentView, VersionView } from '../../api/types';
import { codeText, errorText } from '../../i18n/errorText';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatBytes, formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { openNameDialog } from '../../shared/NameDialog';
import { useRenameVersion, useRestoreVersion, useSaveVersion, useVersions } from './api';
import { noteText } from './noteText';

interface Props {
  document: DocumentView;
  opened: boolean;
  onClose: () => void;
}

/** Who changed the document when; each version can be opened, downloaded and restored. */
export function VersionsDrawer({ document, opened, onClose }: Props) {
  const { t } = useTranslation();
  const versions = useVersions(document.id, opened);
  return (
    <Drawer opened={opened} onClose={onClose} position="right" title={t('versions.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        {document.kind === 'page' && document.abilities.includes('read_history') && (
          <Button component={Link} to={`/documents/${document.id}/history`} variant="light" leftSection={<IconTimeline size={18} />}>
            {t('history.open')}
          </Button>
        )}
        {document.kind !== 'file' && document.abilities.includes('edit') && <SaveVersion document={document} />}
        {versions.isPending && <Loading />}
        {versions.error && <ErrorNotice error={versions.error} onRetry={() => void versions.refetch()} />}
        {versions.data?.items.length === 0 && <Text c="dimmed">{t('versions.none')}</Text>}
        {versions.data && (
          <Stack component="ol" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('versions.title')}>
            {versions.data.items.map((version) => (
              <VersionCard key={version.number} document={document} version={version} onOpen={onClose} />
            ))}
          </Stack>
        )}
      </Stack>
    </Drawer>
  );
}

function SaveVersion({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const [note, setNote] = useState('');
  const save = useSaveVersion(document.id);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(note, {
          onSuccess: () => setNote(''),
          onError: (error) => notifications.show({ color: 'red', message: errorText(t, error) }),
        });
      }}
    >
      <Group align="end" wrap="nowrap">
        <TextInput flex={1} label={t('versions.note')} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Button type="submit" loading={save.isPending}>
          {t('versions.save')}
        </Button>
      </Group>
    </form>
  );
}

function VersionCard({ document, version, onOpen }: { document: DocumentView; version: VersionView; onOpen: () => void }) {
  const { t } = useTranslation();
  const restore = useRestoreVersion(document.id);
  const rename = useRenameVersion(document.id);
  // A page goes on after its newest version, so that one too can be gone back to.
  const isNow = version.is_head && document.kind === 'file';
  const label = t('versions.number', { number: version.number });

  const handleRestore = () =>
    modals.openConfirmModal({
      title: t('versions.restoreTitle', { number: version.number }),
      children: <Text size="sm">{t('versions.restoreText')}</Text>,
      labels: { confirm: t('versions.restore'), cancel: t('common.cancel') },
      onConfirm: () =>
        restore.mutate(version.number, {
          onSuccess: (added) => notifications.show({ color: 'teal', message: t('versions.restored', { number: added.number }) }),
          onError: (error) => notifications.show({ color: 'red', message: errorText(t, error) }),
        }),
    });

  const handleRename = () =>
    openNameDialog({
      title: t('versions.renameTitle', { number: version.number }),
      label: t('versions.name'),
      initial: version.note,
      submit: t('common.save'),
      onSubmit: (note) => rename.mutateAsync({ number: version.number, note }),
    });

  return (
    <Card component="li" withBorder padding="sm" aria-label={label}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <div>
          <Group gap="xs">
            <Text fw={600}>{label}</Text>
            {isNow && <Badge variant="light">{t('versions.current')}</Badge>}
            {version.processing.state === 'failed' && (
              <Tooltip label={codeText(t, version.processing.code ?? 'unknown', version.processing.message)}>
                <Badge color="red" variant="light">
                  {t('versions.noPreview')}
                </Badge>
              </Tooltip>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {version.author.name} · {formatTime(version.created_at)} · {formatBytes(version.size_bytes)}
          </Text>
          {version.note && <Text size="sm">{noteText(t, version.note)}</Text>}
        </div>
        <Group gap={4} wrap="nowrap">
          <Tooltip label={t('versions.open')}>
            <ActionIcon
              component={Link}
              to={`/documents/${document.id}?version=${version.number}`}
              variant="subtle"
              aria-label={t('versions.openNumber', { number: version.number })}
              onClick={onOpen}
            >
              <IconEye size={18} />
            </ActionIcon>
          </Tooltip>
          {document.abilities.includes('edit') && (
            <Tooltip label={t('versions.rename')}>
              <ActionIcon variant="subtle" aria-label={t('versions.renameNumber', { number: version.number })} onClick={handleRename}>
                <IconPencil size={18} />
              </ActionIcon>
            </Tooltip>
          )}
          {document.kind === 'file' && document.abilities.includes('download') && (
            <Tooltip label={t('common.download')}>
              <ActionIcon
                component="a"
                href={apiUrl(`/documents/${document.id}/versions/${version.number}/content`)}
                download
                variant="subtle"
                aria-label={t('versions.downloadNumber', { number: version.number })}
              >
                <IconDownload size={18} />
              </ActionIcon>
            </Tooltip>
          )}
          {document.abilities.includes('restore_version') && !isNow && (
            <Tooltip label={t('versions.restore')}>
              <ActionIcon
                variant="subtle"
                loading={restore.isPending}
                aria-label={t('versions.restoreNumber', { number: version.number })}
                onClick={handleRestore}
              >
                <IconRestore size={18} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Group>
    </Card>
  );
}
