import { ActionIcon, Anchor, Group, Progress, Text, Tooltip } from '@mantine/core';
import {
  IconAlertCircle,
  IconCircleCheck,
  IconGitBranch,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconX,
} from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { errorText } from '../../i18n/errorText';
import { formatBytes, formatDuration } from '../../shared/format';
import { FileIcon } from '../documents/FileIcon';
import { uploads, type UploadItem } from './manager';
import classes from './UploadPanel.module.css';

export function UploadRow({ item }: { item: UploadItem }) {
  const { t } = useTranslation();
  const percent = item.sizeBytes > 0 ? Math.min(100, (item.doneBytes / item.sizeBytes) * 100) : item.state === 'done' ? 100 : 0;
  const showBar = item.state === 'uploading' || item.state === 'paused' || item.state === 'waiting';
  return (
    <Group className={classes.row} wrap="nowrap" gap="sm">
      <FileIcon kind="file" name={item.name} mediaType="" />
      <div className={classes.text}>
        {item.documentId ? (
          <Anchor component={Link} to={`/documents/${item.documentId}`} size="sm" truncate display="block" title={item.name}>
            {item.name}
          </Anchor>
        ) : (
          <Text size="sm" truncate title={item.name}>
            {item.name}
          </Text>
        )}
        {showBar && (
          <Progress
            value={percent}
            size={4}
            my={2}
            color={item.state === 'uploading' ? undefined : 'gray'}
            aria-label={t('uploads.fileProgress', { name: item.name })}
          />
        )}
        {item.state === 'failed' ? (
          <Text size="xs" c="var(--mantine-color-error)" pb={6}>
            {stateText(t, item)}
          </Text>
        ) : (
          <Text size="xs" c="dimmed" truncate title={stateText(t, item)}>
            {stateText(t, item)}
          </Text>
        )}
      </div>
      <Group gap={2} wrap="nowrap">
        <Actions item={item} />
      </Group>
    </Group>
  );
}

function stateText(t: TFunction, item: UploadItem): string {
  switch (item.state) {
    case 'queued':
      return `${t('uploads.state.queued')} · ${formatBytes(item.sizeBytes)}`;
    case 'paused':
      return `${t('uploads.state.paused')} · ${formatBytes(item.doneBytes)} / ${formatBytes(item.sizeBytes)}`;
    case 'waiting':
      return item.error ? `${t('uploads.state.waiting')} · ${errorText(t, item.error)}` : t('uploads.state.waiting');
    case 'done':
      return [t('uploads.state.done'), formatBytes(item.sizeBytes), savedText(t, item)].filter(Boolean).join(' · ');
    case 'failed':
      return item.error ? errorText(t, item.error) : t('error.unknown');
    case 'uploading': {
      const parts = [`${formatBytes(item.doneBytes)} / ${formatBytes(item.sizeBytes)}`];
      if (item.bytesPerSecond > 0) {
        parts.push(`${formatBytes(item.bytesPerSecond)}/s`);
        parts.push(formatDuration((item.sizeBytes - item.doneBytes) / item.bytesPerSecond));
      }
      return parts.join(' · ');
    }
  }
}

/** What was spared, when that is worth a word. */
function savedText(t: TFunction, { sentBytes, sizeBytes }: UploadItem): string | null {
  if (sentBytes === 0) return t('uploads.nothingSent');
  if (sentBytes === null || sentBytes > sizeBytes * 0.9) return null;
  return t('uploads.sentOnly', { sent: formatBytes(sentBytes) });
}

function Actions({ item }: { item: UploadItem }) {
  const { t } = useTranslation();
  const { name } = item;
  switch (item.state) {
    case 'done':
      return <IconCircleCheck size={20} color="var(--mantine-color-teal-6)" aria-hidden />;
    case 'failed':
      return (
        <>
          <IconAlertCircle size={20} color="var(--mantine-color-error)" aria-hidden />
          {typeof item.error?.details.document_id === 'string' && (
            <Action label={t('uploads.asVersion', { name })} onClick={() => uploads.uploadAsVersion(item.id)}>
              <IconGitBranch size={16} />
            </Action>
          )}
          <Action label={t('uploads.retry', { name })} onClick={() => uploads.retry(item.id)}>
            <IconRefresh size={16} />
          </Action>
          <Action label={t('uploads.cancel', { name })} onClick={() => uploads.cancel(item.id)}>
            <IconX size={16} />
          </Action>
        </>
      );
    case 'paused':
      return (
        <>
          <Action label={t('uploads.resume', { name })} onClick={() => uploads.resume(item.id)}>
            <IconPlayerPlay size={16} />
          </Action>
          <Action label={t('uploads.cancel', { name })} onClick={() => uploads.cancel(item.id)}>
            <IconX size={16} />
          </Action>
        </>
      );
    default:
      return (
        <>
          <Action label={t('uploads.pause', { name })} onClick={() => uploads.pause(item.id)}>
            <IconPlayerPause size={16} />
          </Action>
          <Action label={t('uploads.cancel', { name })} onClick={() => uploads.cancel(item.id)}>
            <IconX size={16} />
          </Action>
        </>
      );
  }
}

function Action({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
