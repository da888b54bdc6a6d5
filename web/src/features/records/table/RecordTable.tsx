// The records themselves: a table whose rows exist only while they are on the screen, on a phone cards. Both are walked
// through and chosen from by keyboard.
import { Anchor, Checkbox, Loader, Skeleton } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView } from '../../../api/types';
import { FileIcon } from '../../documents/FileIcon';
import { DocumentMenu } from '../../folders/RowMenu';
import { columnWidth, facetOf, propertyId, type Column } from '../columns';
import { valuesFor, type RecordQuery, type Sorting } from '../query';
import { EVERYTHING, isSelected, NOTHING, select, toggle, type Selection } from '../selection';
import type { Property } from '../types';
import { Card } from './Card';
import { Cell, columnLabel } from './cells';
import { HeaderCell } from './HeaderCell';
import classes from './table.module.css';

interface Props {
  documents: DocumentView[];
  total: number;
  properties: Property[];
  columns: Column[];
  query: RecordQuery;
  selection: Selection;
  /** Whose details are shown. */
  openId: string | null;
  cards: boolean;
  hasMore: boolean;
  loadingMore: boolean;
  /** What is shown is of an earlier question. */
  stale: boolean;
  renderFilter: (key: string) => ReactNode;
  onLoadMore: () => void;
  onSelect: (selection: Selection) => void;
  onOpen: (id: string | null) => void;
  onSort: (sort: Sorting | null) => void;
  onHide: (key: string) => void;
  onMove: (key: string, by: -1 | 1) => void;
  onResize: (key: string, width: number | undefined) => void;
}

const ROW = 44;
const CARD = 112;
const LOAD_AHEAD_ROWS = 60;
const CHECK_WIDTH = 44;
const MENU_WIDTH = 48;

export function RecordTable(props: Props) {
  const { documents, total, properties, columns, query, selection, openId, cards, hasMore, loadingMore, onLoadMore, onSelect } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const name = useId();
  const size = cards ? CARD : ROW;
  const rows = useVirtualizer({
    count: documents.length + (hasMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    overscan: 12,
    initialRect: { width: 1200, height: 800 },
  });
  useEffect(() => rows.measure(), [rows, size]);
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= documents.length - LOAD_AHEAD_ROWS) onLoadMore();
  }, [documents.length, hasMore, last, loadingMore, onLoadMore]);

  const keys = useRowKeys(props, (index) => rows.scrollToIndex(index, { align: 'auto' }));
  const byId = useMemo(() => new Map(properties.map((one) => [one.id, one])), [properties]);
  const widths = columns.map((column) => columnWidth(column, properties));
  const template = `${CHECK_WIDTH}px ${widths.map((width) => `${width}px`).join(' ')} minmax(${MENU_WIDTH}px, 1fr)`;
  const width = widths.reduce((sum, one) => sum + one, CHECK_WIDTH + MENU_WIDTH);
  const everything = selection.all && selection.ids.size === 0;
  const some = !everything && (selection.all || selection.ids.size > 0);

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={t('records.list')}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-activedescendant={keys.current >= 0 ? `${name}-${keys.current}` : undefined}
      tabIndex={0}
      className={classes.scroller}
      data-stale={props.stale || undefined}
      onKeyDown={keys.handleKey}
    >
      <div className={classes.inner} style={cards ? undefined : { minWidth: width }}>
        {!cards && (
          <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns: template }}>
            <div role="columnheader" className={classes.check} aria-label={t('records.chosen')}>
              <Checkbox
                size="xs"
                aria-label={t('records.selectAll')}
                checked={everything}
                indeterminate={some}
                onChange={() => onSelect(everything || some ? NOTHING : EVERYTHING)}
              />
            </div>
            {columns.map((column, index) => {
              const facet = facetOf(column.key, properties);
              return (
                <HeaderCell
                  key={column.key}
                  column={column.key}
                  label={columnLabel(t, column.key, properties)}
                  width={widths[index]!}
                  sort={query.sort}
                  filtered={facet !== null && valuesFor(query, facet).length > 0}
                  filter={facet === null ? undefined : props.renderFilter(facet)}
                  onSort={props.onSort}
                  onHide={column.key === 'name' ? undefined : () => props.onHide(column.key)}
                  onMove={column.key === 'name' ? undefined : (by) => props.onMove(column.key, by)}
                  onResize={(next) => props.onResize(column.key, next)}
                />
              );
            })}
            <div role="columnheader" aria-label={t('common.actions')} />
          </div>
        )}
        <div role="rowgroup" style={{ position: 'relative', height: rows.getTotalSize() }}>
          {shown.map((item) => {
            const document = documents[item.index];
            const place = { position: 'absolute', top: item.start, insetInline: 0, height: item.size } as const;
            if (!document) {
              return (
                <div key="more" style={place} className={classes.more}>
                  {loadingMore ? <Loader size="xs" type="dots" /> : <Skeleton height={12} width="40%" />}
                </div>
              );
            }
            const row = {
              id: `${name}-${item.index}`,
              role: 'row',
              'aria-rowindex': item.index + 2,
              'aria-selected': isSelected(selection, document.id),
              'data-current': keys.current === item.index || undefined,
              'data-open': openId === document.id || undefined,
              onClick: (event: MouseEvent) => keys.handleClick(event, item.index),
            } as const;
            const check = (
              <Checkbox
                size={cards ? 'sm' : 'xs'}
                tabIndex={-1}
                aria-label={t('records.selectOne', { name: document.name })}
                checked={isSelected(selection, document.id)}
                onClick={(event) => keys.handleCheck(event, item.index)}
                readOnly
              />
            );
            if (cards) {
              return <Card key={document.id} {...row} style={place} check={check} document={document} columns={columns} properties={properties} />;
            }
            return (
              <div key={document.id} {...row} className={classes.row} style={{ ...place, gridTemplateColumns: template }}>
                <div role="gridcell" className={classes.check}>
                  {check}
                </div>
                {columns.map((column) =>
                  column.key === 'name' ? (
                    <div key="name" role="rowheader" className={classes.name}>
                      <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={20} />
                      <Anchor component={Link} to={`/documents/${document.id}`} className={classes.link} title={document.name} tabIndex={-1}>
                        {document.name}
                      </Anchor>
                    </div>
                  ) : (
                    <div key={column.key} role="gridcell" className={classes.cell}>
                      <Cell column={column.key} document={document} property={byId.get(propertyId(column.key) ?? '')} />
                    </div>
                  ),
                )}
                <div role="gridcell" className={classes.menu}>
                  <DocumentMenu document={document} />
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const PAGE_ROWS = 12;

/** Arrows walk, Shift with them and the space bar choose, Enter shows the details, Ctrl+A chooses everything. */
function useRowKeys({ documents, selection, openId, cards, onSelect, onOpen }: Props, scrollTo: (index: number) => void) {
  const [place, setPlace] = useState<{ current: number; anchor: number }>({ current: -1, anchor: -1 });
  const current = Math.min(place.current, documents.length - 1);
  const range = (from: number, to: number) => documents.slice(Math.min(from, to), Math.max(from, to) + 1).map((one) => one.id);

  const go = (to: number, extend: boolean) => {
    const index = Math.min(Math.max(to, 0), documents.length - 1);
    const anchor = extend && place.anchor >= 0 ? place.anchor : index;
    setPlace({ current: index, anchor });
    if (extend) onSelect(select(selection, range(anchor, index), true));
    if (openId !== null && !extend && documents[index]) onOpen(documents[index].id);
    scrollTo(index);
  };

  const handleKey = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    // Buttons, menus and fields inside have keys of their own.
    if (event.defaultPrevented || event.nativeEvent.isComposing || (target !== event.currentTarget && target.closest('button, input, [role=menu], [role=separator], [role=dialog]'))) return;
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && event.key.toLowerCase() === 'a') onSelect(EVERYTHING);
    else if (ctrl || event.altKey) return;
    else if (event.key === 'ArrowDown') go(current + 1, event.shiftKey);
    else if (event.key === 'ArrowUp') go(current - 1, event.shiftKey);
    else if (event.key === 'PageDown') go(current + PAGE_ROWS, event.shiftKey);
    else if (event.key === 'PageUp') go(current - PAGE_ROWS, event.shiftKey);
    else if (event.key === 'Home') go(0, event.shiftKey);
    else if (event.key === 'End') go(documents.length - 1, event.shiftKey);
    else if (event.key === ' ' && documents[current]) onSelect(toggle(selection, documents[current].id));
    else if (event.key === 'Enter' && documents[current] && target === event.currentTarget) onOpen(documents[current].id);
    else if (event.key === 'Escape' && openId !== null) onOpen(null);
    else if (event.key === 'Escape' && (selection.all || selection.ids.size > 0)) onSelect(NOTHING);
    else return;
    event.preventDefault();
  };

  /** With Shift everything between the last one and this one. */
  const handleCheck = (event: MouseEvent, index: number) => {
    event.stopPropagation();
    const document = documents[index]!;
    const chosen = !isSelected(selection, document.id);
    const ids = event.shiftKey && place.anchor >= 0 ? range(place.anchor, index) : [document.id];
    onSelect(select(selection, ids, chosen));
    setPlace({ current: index, anchor: index });
  };

  const handleClick = (event: MouseEvent, index: number) => {
    const target = event.target as HTMLElement;
    const document = documents[index]!;
    // Portals: clicks inside a menu reach the row they belong to.
    if (!event.currentTarget.contains(target) || target.closest('a, button, input, [role=menu]')) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      handleCheck(event, index);
      return;
    }
    setPlace({ current: index, anchor: index });
    onOpen(openId === document.id && !cards ? null : document.id);
  };

  return { current, handleKey, handleCheck, handleClick };
}
