// How far are the uploads? A panel in the corner that stays while the user goes from page to page.
import { ActionIcon, Alert, Button, Group, Paper, Progress, Text, Tooltip } from '@mantine/core';
import {
  IconChevronDown,
  IconChevronUp,
  IconPlayerPause,
  IconPlayerPlay,
  IconX,
} from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/errorText';
import { formatBytes, formatDuration } from '../../shared/format';
import { ConflictDialog } from './ConflictDialog';
import { uploads, type UploadsView } from './manager';
import classes from './UploadPanel.module.css';
import { UploadRow } from './UploadRow';
import { useUploads } from './useUploads';

export function UploadPanel() {
  const view = useUploads();
  const { t } = useTranslation();
  const [folded, setFolded] = useState(false);
  const visible = view.items.length > 0 || view.preparing > 0 || view.failure !== null;
  const open = view.items.some((item) => item.state !== 'done' && item.state !== 'failed');
  return (
    <>
      {view.question && <ConflictDialog question={view.question} />}
      {visible && (
        <Paper component="section" className={classes.panel} withBorder shadow="xl" radius="lg" aria-label={t('uploads.panel')}>
          <Group className={classes.header} wrap="nowrap" gap={4}>
            <div className={classes.summary} aria-live="polite">
              <Text fw={600} size="sm">
                <Headline view={view} open={open} />
              </Text>
              {open && <Text size="xs" c="dimmed">{speedText(view)}</Text>}
            </div>
            {open && (
              <Tooltip label={t(view.paused ? 'uploads.resumeAll' : 'uploads.pauseAll')}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t(view.paused ? 'uploads.resumeAll' : 'uploads.pauseAll')}
                  onClick={() => (view.paused ? uploads.resumeAll() : uploads.pauseAll())}
                >
                  {view.paused ? <IconPlayerPlay size={18} /> : <IconPlayerPause size={18} />}
                </ActionIcon>
              </Tooltip>
            )}
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t(folded ? 'uploads.unfold' : 'uploads.fold')}
              aria-expanded={!folded}
              onClick={() => setFolded(!folded)}
            >
              {folded ? <IconChevronUp size={18} /> : <IconChevronDown size={18} />}
            </ActionIcon>
            {!open && view.preparing === 0 && (
              <ActionIcon variant="subtle" color="gray" aria-label={t('common.close')} onClick={() => uploads.clearEnded()}>
                <IconX size={18} />
              </ActionIcon>
            )}
          </Group>
          <TotalProgress view={view} open={open} />
          {!folded && <Body view={view} open={open} />}
        </Paper>
      )}
    </>
  );
}

function Headline({ view, open }: { view: UploadsView; open: boolean }) {
  const { t } = useTranslation();
  const done = view.items.filter((item) => item.state === 'done').length;
  const failed = view.items.filter((item) => item.state === 'failed').length;
  if (view.preparing > 0 && !open) return t('uploads.preparing');
  if (open && view.items.some((item) => item.state === 'waiting')) return t('uploads.serverAway');
  if (open) return t('uploads.running', { done, total: view.items.length });
  if (failed > 0) return t('uploads.endedWithFailures', { done, failed });
  return t('uploads.ended', { count: done });
}

function speedText(view: UploadsView): string {
  const parts = [`${formatBytes(view.doneBytes)} / ${formatBytes(view.totalBytes)}`];
  if (view.bytesPerSecond > 0) {
    parts.push(`${formatBytes(view.bytesPerSecond)}/s`);
    parts.push(formatDuration((view.totalBytes - view.doneBytes) / view.bytesPerSecond));
  }
  return parts.join(' · ');
}

function TotalProgress({ view, open }: { view: UploadsView; open: boolean }) {
  const { t } = useTranslation();
  if (!open && view.preparing === 0) return null;
  const percent = view.totalBytes > 0 ? (view.doneBytes / view.totalBytes) * 100 : 0;
  return (
    <Progress.Root size="sm" radius={0}>
      <Progress.Section
        value={view.totalBytes > 0 ? percent : 100}
        animated={!view.paused}
        striped={!view.paused && view.totalBytes === 0}
        aria-label={t('uploads.total')}
        aria-valuetext={`${Math.floor(percent)}%`}
      />
    </Progress.Root>
  );
}

function Body({ view, open }: { view: UploadsView; open: boolean }) {
  const { t } = useTranslation();
  const failed = view.items.filter((item) => item.state === 'failed').length;
  return (
    <>
      {view.failure !== null && (
        <Alert color="red" m="xs" role="alert">
          {errorText(t, view.failure)}
        </Alert>
      )}
      <UploadList view={view} />
      {(open || view.preparing > 0 || failed > 0) && (
        <Group justify="flex-end" gap="xs" p="xs">
          {failed > 0 && (
            <Button size="compact-sm" variant="light" onClick={() => uploads.retryFailed()}>
              {t('uploads.retryFailed', { count: failed })}
            </Button>
          )}
          {(open || view.preparing > 0) && (
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => uploads.cancelAll()}>
              {t('uploads.cancelAll')}
            </Button>
          )}
        </Group>
      )}
    </>
  );
}

/** Of most rows: one that failed is as high as its reason is long. Also in the style sheet. */
const ROW_HEIGHT = 58;

// Failures first, then what is moving, then what waits, then what is done.
const ORDER = { failed: 0, waiting: 1, uploading: 1, paused: 2, queued: 3, done: 4 };

function UploadList({ view }: { view: UploadsView }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const items = view.items.toSorted((a, b) => ORDER[a.state] - ORDER[b.state] || a.id - b.id);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => items[index]!.id,
    overscan: 4,
    initialRect: { width: 360, height: 300 },
  });
  return (
    <div ref={scroller} className={classes.list}>
      <ul aria-label={t('uploads.files')} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => (
          <li key={row.key} ref={rows.measureElement} data-index={row.index} style={{ transform: `translateY(${row.start}px)`, minHeight: ROW_HEIGHT }}>
            <UploadRow item={items[row.index]!} />
          </li>
        ))}
      </ul>
    </div>
  );
}
