// What is in this folder? A table whose rows exist only while they are on the screen.
import { Anchor, Badge, Button, Center, Checkbox, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView, FolderView } from '../../api/types';
import { codeText } from '../../i18n/errorText';
import { formatBytes, formatShortTime, formatTime } from '../../shared/format';
import { FileIcon } from '../documents/FileIcon';
import { ProcessingBadge } from '../documents/ProcessingBadge';
import classes from './FolderList.module.css';
import { HoldBadge } from '../holds/HoldBadge';
import { DocumentMenu, FolderMenu } from './RowMenu';

export type Entry = { type: 'folder'; folder: FolderView } | { type: 'document'; document: DocumentView };

interface Props {
  entries: Entry[];
  hasMore: boolean;
  loadingMore: boolean;
  /** Ids of what is chosen. */
  chosen: ReadonlySet<string>;
  onLoadMore: () => void;
  onChoose: (chosen: ReadonlySet<string>) => void;
}

const LOAD_AHEAD_ROWS = 30;

export function FolderList({ entries, hasMore, loadingMore, chosen, onLoadMore, onChoose }: Props) {
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
  const anchor = useRef(-1);
  /** With Shift everything between the last one and this one. */
  const handleChoose = (event: MouseEvent, index: number) => {
    const on = !chosen.has(entryId(entries[index]!));
    const from = event.shiftKey && anchor.current >= 0 ? Math.min(anchor.current, index) : index;
    const to = event.shiftKey && anchor.current >= 0 ? Math.max(anchor.current, index) : index;
    const next = new Set(chosen);
    for (const entry of entries.slice(from, to + 1)) {
      if (on) next.add(entryId(entry));
      else next.delete(entryId(entry));
    }
    anchor.current = index;
    onChoose(next);
  };
  const all = chosen.size > 0 && chosen.size === entries.length;

  return (
    <div role="table" aria-label={t('folders.contents')} aria-rowcount={hasMore ? -1 : entries.length + 1} className={classes.table} data-choosing={chosen.size > 0 || undefined}>
      <div role="rowgroup" className={classes.head}>
        <div role="row" className={classes.row} aria-rowindex={1}>
          <span role="columnheader" className={classes.name}>
            <Checkbox
              size="xs"
              w={24}
              aria-label={t('folders.chooseAll')}
              checked={all}
              indeterminate={!all && chosen.size > 0}
              onChange={() => onChoose(new Set(all ? [] : entries.map(entryId)))}
            />
            {t('common.name')}
          </span>
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
          const name = entry.type === 'folder' ? entry.folder.name : entry.document.name;
          const isChosen = chosen.has(entryId(entry));
          const pick = (icon: ReactNode) => (
            <span className={classes.pick}>
              {icon}
              <Checkbox
                size="sm"
                className={classes.check}
                aria-label={t('records.selectOne', { name })}
                checked={isChosen}
                readOnly
                onClick={(event) => handleChoose(event, row.index)}
              />
            </span>
          );
          return (
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 2}
              className={classes.row}
              data-chosen={isChosen || undefined}
              style={{ height: row.size, transform: `translateY(${row.start - offset}px)`, position: 'absolute', top: 0, insetInline: 0 }}
            >
              {entry.type === 'folder' ? <FolderCells folder={entry.folder} pick={pick} /> : <DocumentCells document={entry.document} pick={pick} />}
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

type Pick = (icon: ReactNode) => ReactNode;

function FolderCells({ folder, pick }: { folder: FolderView; pick: Pick }) {
  return (
    <>
      <span role="cell" className={classes.name}>
        {pick(<FileIcon kind="folder" size={24} />)}
        <Anchor component={Link} to={`/folders/${folder.id}`} className={classes.link} title={folder.name}>
          {folder.name}
        </Anchor>
        {folder.held && <HoldBadge />}
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

function DocumentCells({ document, pick }: { document: DocumentView; pick: Pick }) {
  const { t } = useTranslation();
  const { processing } = document;
  const reason = processing.state === 'failed' ? codeText(t, processing.code ?? 'unknown', processing.message) : undefined;
  const size = document.kind !== 'file' ? '—' : formatBytes(document.size_bytes);
  return (
    <>
      <span role="cell" className={classes.name}>
        {pick(<FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={24} />)}
        <span className={classes.text}>
          <span className={classes.title}>
            <Anchor component={Link} to={`/documents/${document.id}`} className={classes.link} title={document.name}>
              {document.name}
            </Anchor>
            {document.held && <HoldBadge />}
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
