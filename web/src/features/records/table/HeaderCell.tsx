// The head of a column: sorts by a click, and has a menu for everything else; its edge is dragged to make it wider.
import { ActionIcon, Menu, Popover, UnstyledButton } from '@mantine/core';
import {
  IconArrowBarToLeft,
  IconArrowBarToRight,
  IconChevronDown,
  IconEyeOff,
  IconFilter,
  IconFilterFilled,
  IconSortAscending,
  IconSortDescending,
} from '@tabler/icons-react';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { clampWidth, isSortable } from '../columns';
import { nextSorting, type Sorting } from '../query';
import classes from './table.module.css';

interface Props {
  column: string;
  label: string;
  width: number;
  sort: Sorting | null;
  filtered: boolean;
  /** What the column can be filtered by, if anything. */
  filter?: React.ReactNode;
  onSort: (sort: Sorting | null) => void;
  onHide?: () => void;
  onMove?: (by: -1 | 1) => void;
  onResize: (width: number | undefined) => void;
}

export function HeaderCell({ column, label, width, sort, filtered, filter, onSort, onHide, onMove, onResize }: Props) {
  const { t } = useTranslation();
  const [filtering, setFiltering] = useState(false);
  const sorted = sort?.key === column ? (sort.descending ? 'descending' : 'ascending') : undefined;
  const sortable = isSortable(column);
  const by = (descending: boolean) => onSort({ key: column, descending });
  return (
    <div role="columnheader" aria-sort={sorted ?? (sortable ? 'none' : undefined)} className={classes.headCell} data-name={column === 'name' || undefined}>
      {sortable ? (
        <UnstyledButton
          className={classes.headLabel}
          onClick={() => onSort(nextSorting(sort, column))}
          title={t('records.sortBy', { name: label })}
        >
          <span className={classes.headText}>{label}</span>
          {sorted === 'ascending' && <IconSortAscending size={15} aria-hidden />}
          {sorted === 'descending' && <IconSortDescending size={15} aria-hidden />}
        </UnstyledButton>
      ) : (
        <span className={classes.headLabel}>
          <span className={classes.headText}>{label}</span>
        </span>
      )}
      <Popover opened={filtering} onChange={setFiltering} position="bottom-start" withinPortal shadow="md" width={260} trapFocus>
        <Popover.Target>
          <span className={classes.headTools} data-on={filtered || undefined}>
            <Menu position="bottom-end" withinPortal width={180}>
              <Menu.Target>
                <ActionIcon variant="subtle" color={filtered ? undefined : 'gray'} size={24} aria-label={t('records.columnMenu', { name: label })}>
                  {filtered ? <IconFilterFilled size={14} /> : <IconChevronDown size={14} />}
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                {sortable && (
                  <>
                    <Menu.Item leftSection={<IconSortAscending size={16} />} onClick={() => by(false)}>
                      {t('records.ascending')}
                    </Menu.Item>
                    <Menu.Item leftSection={<IconSortDescending size={16} />} onClick={() => by(true)}>
                      {t('records.descending')}
                    </Menu.Item>
                  </>
                )}
                {filter && (
                  <Menu.Item leftSection={<IconFilter size={16} />} onClick={() => setFiltering(true)}>
                    {t('records.filterColumn')}
                  </Menu.Item>
                )}
                {onMove && (
                  <>
                    <Menu.Divider />
                    <Menu.Item leftSection={<IconArrowBarToLeft size={16} />} onClick={() => onMove(-1)}>
                      {t('records.moveLeft')}
                    </Menu.Item>
                    <Menu.Item leftSection={<IconArrowBarToRight size={16} />} onClick={() => onMove(1)}>
                      {t('records.moveRight')}
                    </Menu.Item>
                  </>
                )}
                {onHide && (
                  <Menu.Item leftSection={<IconEyeOff size={16} />} onClick={onHide}>
                    {t('records.hideColumn')}
                  </Menu.Item>
                )}
              </Menu.Dropdown>
            </Menu>
          </span>
        </Popover.Target>
        <Popover.Dropdown p="xs" mah={420} style={{ overflowY: 'auto' }}>
          {filtering && filter}
        </Popover.Dropdown>
      </Popover>
      <Edge label={t('records.columnWidth', { name: label })} width={width} onResize={onResize} />
    </div>
  );
}

const STEP = 16;

/** A separator that can be dragged, or moved with the arrow keys; a double click gives the usual width back. */
function Edge({ label, width, onResize }: { label: string; width: number; onResize: (width: number | undefined) => void }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const handleDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { x: event.clientX, width };
  };
  const handleMove = (event: PointerEvent) => {
    if (start.current) onResize(clampWidth(start.current.width + event.clientX - start.current.x));
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    event.stopPropagation();
    onResize(clampWidth(width + (event.key === 'ArrowRight' ? STEP : -STEP)));
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      tabIndex={0}
      className={classes.edge}
      onPointerDown={handleDown}
      onPointerMove={handleMove}
      onPointerUp={() => (start.current = null)}
      onPointerCancel={() => (start.current = null)}
      onDoubleClick={() => onResize(undefined)}
      onKeyDown={handleKey}
    />
  );
}
