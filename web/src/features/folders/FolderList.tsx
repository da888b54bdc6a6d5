// What is in this folder? A table whose rows exist only while they are on the screen.
import { Anchor, Badge, Button, Center, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView, FolderView } from '../../api/types';
import { codeText } from '../../i18n/errorText';
import { formatBytes, formatShortTime, formatTime } from '../../shared/format';
import { FileIcon } from '../documents/FileIcon';
import { ProcessingBadge } from '../documents/ProcessingBadge';
import classes from './FolderList.module.css';
import { DocumentMenu, FolderMenu } from './RowMenu';

export type Entry = { type: 'folder'; folder: FolderView } | { type: 'document'; document: DocumentView };

interface Props {
  entries: Entry[];
  hasMore: boolean;
  loadingMore: boolean;
  onLoadMore: () => void;
}

const LOAD_AHEAD_ROWS = 30;

export function FolderList({ entries, hasMore, loadingMore, onLoadMore }: Props) {
  const { t } = useTranslation();
  const phone = useMediaQuery('(max-width: 48em)') ?? false;
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useEffect(() => {
    if (body.current) setOffset(body.current.getBoundingClientRect().top + window.scrollY);
  }, []);
  const rows = useWindowVirtualizer({
    count: entries.length,
    estimateSize: () => (phone ? 64 : 54),
    getItemKey: (index) => entryId(entries[index]!),
    scrollMargin: offset,
    overscan: 10,
    initialRect: { width: 1280, height: 900 },
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= entries.length - LOAD_AHEAD_ROWS) onLoadMore();
  }, [entries.length, hasMore, last, loadingMore, onLoadMore]);
  useEffect(() => rows.measure(), [phone, rows]);

  return (
    <div role="table" aria-label={t('folders.contents')} aria-rowcount={hasMore ? -1 : entries.length + 1} className={classes.table}>
      <div role="rowgroup" className={classes.head}>
        <div role="row" className={classes.row} aria-rowindex={1}>
          <span role="columnheader">{t('common.name')}</span>
          <span role="columnheader" className={classes.wide}>
            {t('folders.column.state')}
          </span>
          <span role="columnheader" className={classes.wide}>
            {t('folders.column.size')}
          </span>
          <span role="columnheader" className={classes.wide}>
            {t('folders.column.version')}
          </span>
          <span role="columnheader" className={classes.wide}>
            {t('folders.column.updated')}
          </span>
          <span role="columnheader" aria-label={t('common.actions')} />
        </div>
      </div>
      <div role="rowgroup" ref={body} style={{ position: 'relative', height: rows.getTotalSize() }}>
        {shown.map((row) => {
          const entry = entries[row.index]!;
          return (
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 2}
              className={classes.row}
              style={{ height: row.size, transform: `translateY(${row.start - offset}px)`, position: 'absolute', top: 0, insetInline: 0 }}
            >
              {entry.type === 'folder' ? <FolderCells folder={entry.folder} /> : <DocumentCells document={entry.document} />}
            </div>
          );
        })}
      </div>
      {hasMore && (
        <Center p="md">
          <Button variant="subtle" loading={loadingMore} onClick={onLoadMore}>
            {t('common.loadMore')}
          </Button>
        </Center>
      )}
    </div>
  );
}

function entryId(entry: Entry): string {
  return entry.type === 'folder' ? entry.folder.id : entry.document.id;
}

function FolderCells({ folder }: { folder: FolderView }) {
  return (
    <>
      <span role="cell" className={classes.name}>
        <FileIcon kind="folder" size={24} />
        <Anchor component={Link} to={`/folders/${folder.id}`} className={classes.link} title={folder.name}>
          {folder.name}
        </Anchor>
      </span>
      <span role="cell" className={classes.wide} />
      <span role="cell" className={classes.wide} />
      <span role="cell" className={classes.wide} />
      <span role="cell" className={classes.wide}>
        <Text size="sm" c="dimmed" title={formatTime(folder.updated_at)}>
          {formatShortTime(folder.updated_at)}
        </Text>
      </span>
      <span role="cell">
        <FolderMenu folder={folder} />
      </span>
    </>
  );
}

function DocumentCells({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const { processing } = document;
  const reason = processing.state === 'failed' ? codeText(t, processing.code ?? 'unknown', processing.message) : undefined;
  const size = document.kind !== 'file' ? '—' : formatBytes(document.size_bytes);
  return (
    <>
      <span role="cell" className={classes.name}>
        <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={24} />
        <span className={classes.text}>
          <span className={classes.title}>
            <Anchor component={Link} to={`/documents/${document.id}`} className={classes.link} title={document.name}>
              {document.name}
            </Anchor>
            {document.level > 1 && (
              <Badge size="xs" color={document.level > 2 ? 'red' : 'orange'} variant="outline" tt="none" flex="none">
                {t(`common.level.${document.level}` as 'common.level.2')}
              </Badge>
            )}
          </span>
          {reason && (
            <Text size="xs" c="var(--mantine-color-error)" truncate component="span" title={reason}>
              {reason}
            </Text>
          )}
          <Text size="xs" c="dimmed" truncate component="span" className={classes.narrow}>
            {[size, formatShortTime(document.updated_at), document.updated_by.name].join(' · ')}
          </Text>
        </span>
        {processing.state !== 'ready' && (
          <span className={classes.narrow} style={{ flex: 'none' }}>
            <ProcessingBadge processing={processing} quiet />
          </span>
        )}
      </span>
      <span role="cell" className={classes.wide}>
        <ProcessingBadge processing={processing} quiet />
      </span>
      <span role="cell" className={classes.wide}>
        <Text size="sm" c="dimmed">
          {size}
        </Text>
      </span>
      <span role="cell" className={classes.wide}>
        <Text size="sm" c="dimmed">
          {t('folders.version', { number: document.version })}
        </Text>
      </span>
      <span role="cell" className={classes.wide}>
        <span style={{ minWidth: 0 }}>
          <Text size="sm" truncate>
            {document.updated_by.name}
          </Text>
          <Text size="xs" c="dimmed" title={formatTime(document.updated_at)}>
            {formatShortTime(document.updated_at)}
          </Text>
        </span>
      </span>
      <span role="cell">
        <DocumentMenu document={document} />
      </span>
    </>
  );
}
