// The records of a library or folder: what is filed there and below, as a table of its fields.
import { Alert, Button, Drawer, Group, Menu, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useMediaQuery } from '@mantine/hooks';
import {
  IconDownload,
  IconFileImport,
  IconFileSpreadsheet,
  IconFileTypeCsv,
  IconFilter,
  IconForms,
  IconListSearch,
  IconSearch,
  IconTable,
  IconX,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router';
import { ApiError } from '../../api/client';
import type { FolderView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { Breadcrumbs } from '../../shell/Breadcrumbs';
import { useDocument } from '../documents/api';
import { useFolder } from '../folders/api';
import { FolderTabs } from '../folders/FolderTabs';
import { openMoveDialog } from '../folders/MoveDialog';
import { useCurrentUser } from '../session/api';
import { exportAddress, refreshIndexed, useFacets, useProperties, useRecords } from './api';
import { BulkActDialog } from './bulk/BulkActDialog';
import { BulkBar } from './bulk/BulkBar';
import { BulkEditDialog } from './bulk/BulkEditDialog';
import { collectTargets } from './bulk/run';
import { ColumnChooser } from './ColumnChooser';
import { allColumns, defaultColumns, isSortable, knownColumns, moveColumn, rememberColumns, rememberedColumns, resizeColumn, toggleColumn, type Column } from './columns';
import { DetailsAside } from './details/DetailsAside';
import { FacetPanel } from './filter/FacetPanel';
import { FacetValues } from './filter/FacetValues';
import { FilterChips } from './filter/FilterChips';
import { filterKeys } from './filter/labels';
import { isEmptyQuery, readQuery, toggleValue, valuesFor, writeQuery, type RecordQuery } from './query';
import classes from './records.module.css';
import { SavedFilters } from './SavedFilters';
import { countSelected, EVERYTHING, NOTHING, type Selection } from './selection';
import { columnLabel } from './table/cells';
import { RecordTable } from './table/RecordTable';
import type { Property } from './types';

const ImportDialog = lazy(async () => ({ default: (await import('./exchange/ImportDialog')).ImportDialog }));

export function RecordsPage() {
  const { id = '' } = useParams();
  const folder = useFolder(id);
  // The topmost folder that the caller sees stands for the library, so that its fields are asked for once.
  const properties = useProperties(folder.data?.path[0]?.id ?? folder.data?.id);
  const { t } = useTranslation();
  useTitle(folder.data ? `${folder.data.name} · ${t('records.title')}` : undefined);
  const error = folder.error ?? properties.error;
  if (error) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={error} onRetry={() => void (folder.error ? folder.refetch() : properties.refetch())} />
      </div>
    );
  }
  if (!folder.data || !properties.data) return <Loading />;
  return <Records key={id} folder={folder.data} properties={properties.data} />;
}

/** The state of the view is in its address, so that it can be gone back to and sent to a colleague. */
function useRecordQuery(): [RecordQuery, (query: RecordQuery, replace?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const query = useMemo(() => readQuery(params), [params]);
  const setQuery = useCallback(
    // At once: a box that was ticked does not wait for the address.
    (next: RecordQuery, replace = false) => setParams(writeQuery(next), { replace, flushSync: true }),
    [setParams],
  );
  return [query, setQuery];
}

function useColumns(libraryId: string, properties: Property[]) {
  const user = useCurrentUser();
  const [chosen, setChosen] = useState(() => rememberedColumns(user.id, libraryId));
  const columns = useMemo(() => knownColumns(chosen ?? defaultColumns(properties), properties), [chosen, properties]);
  const change = (next: Column[] | null) => {
    setChosen(next);
    rememberColumns(user.id, libraryId, next);
  };
  return [columns, change] as const;
}

function Records({ folder, properties }: { folder: FolderView; properties: Property[] }) {
  const { t } = useTranslation();
  const phone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const roomy = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  const libraryId = folder.path[0]?.id ?? folder.id;
  const [query, setQuery] = useRecordQuery();
  const [columns, setColumns] = useColumns(libraryId, properties);
  const { records, documents, total, rebuilding } = useRecords(folder.id, query);
  // What was uploaded a moment ago is not in the index yet.
  const client = useQueryClient();
  useEffect(() => refreshIndexed(client, true), [client]);
  const keys = filterKeys(properties);
  const facets = useFacets(folder.id, query, keys).data;
  const [openId, setOpenId] = useState<string | null>(null);
  const [showFilters, setShowFilters] = useState<boolean>();
  const [dialog, setDialog] = useState<'edit' | 'delete' | 'import' | { folderId: string; name: string } | null>(null);
  // A choice belongs to what was found when it was made.
  const asked = writeQuery({ ...query, sort: null }).toString();
  const [chosen, setChosen] = useState<{ of: string; selection: Selection }>({ of: asked, selection: NOTHING });
  const selection = chosen.of === asked ? chosen.selection : NOTHING;
  const setSelection = (next: Selection) => setChosen({ of: asked, selection: next });
  const count = countSelected(selection, total);

  const empty = records.isSuccess && !records.isPlaceholderData && total === 0;
  // What is being described stays open, also when it has left the list by what was filled in.
  const opened = useDocument(openId ?? undefined).data;
  const open = openId === null ? undefined : (opened ?? documents.find((one) => one.id === openId));
  const filtersShown = showFilters ?? (roomy && !open && !(empty && isEmptyQuery(query)));
  const { fetchNextPage } = records;
  const handleLoadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const collect = (onCount: (count: number) => void, signal: AbortSignal) =>
    collectTargets(folder.id, query, selection, documents, onCount, signal);
  const syntax = records.error instanceof ApiError && records.error.code === 'query_syntax' ? records.error : null;
  const mayEdit = documents.some((one) => one.abilities.includes('edit_record'));
  const mayMove = documents.some((one) => one.abilities.includes('move'));
  const mayDelete = documents.some((one) => one.abilities.includes('delete'));

  const panel = <FacetPanel properties={properties} facets={facets} query={query} onQuery={setQuery} />;
  return (
    <div className={classes.page}>
      <PageHeader title={folder.name} above={<Breadcrumbs path={folder.path.filter((part) => part.id !== folder.id)} />}>
        <Exchange folder={folder} query={query} columns={columns} libraryId={libraryId} onImport={() => setDialog('import')} />
      </PageHeader>
      <FolderTabs folderId={folder.id} current="records" />
      <div className={classes.tools}>
        {count > 0 ? (
          <BulkBar
            count={count}
            total={total}
            onSelectAll={() => setSelection(EVERYTHING)}
            onClear={() => setSelection(NOTHING)}
            onEdit={mayEdit ? () => setDialog('edit') : undefined}
            onMove={
              mayMove
                ? () =>
                    openMoveDialog({
                      title: t('records.moveChosen', { count }),
                      onMove: async (target) => setDialog({ folderId: target.id, name: target.name }),
                    })
                : undefined
            }
            onDelete={mayDelete ? () => setDialog('delete') : undefined}
          />
        ) : (
          <div className={classes.toolRow}>
            <SearchField key={query.q} q={query.q} onSearch={(q) => setQuery({ ...query, q }, true)} error={syntax !== null} />
            <Button
              variant={query.filters.length > 0 ? 'light' : 'default'}
              leftSection={<IconFilter size={18} stroke={1.6} />}
              aria-expanded={filtersShown}
              onClick={() => setShowFilters(!filtersShown)}
            >
              {query.filters.length > 0 ? t('records.filtersOn', { count: query.filters.length }) : t('records.filters')}
            </Button>
            <SavedFilters
              folderId={folder.id}
              query={query}
              columns={columns}
              onApply={(filter) => {
                setQuery(filter.query);
                if (filter.columns) setColumns(filter.columns);
              }}
            />
            {phone ? (
              <SortSelect query={query} properties={properties} onQuery={setQuery} />
            ) : (
              <ColumnChooser columns={columns} properties={properties} onColumns={setColumns} />
            )}
          </div>
        )}
        <FilterChips query={query} properties={properties} facets={facets} onQuery={setQuery} />
        {rebuilding && (
          <Alert color="yellow" p="xs">
            {t('search.rebuilding')}
            {rebuilding.total > 0 && ` · ${t('search.rebuildingProgress', { done: rebuilding.done, total: rebuilding.total })}`}
          </Alert>
        )}
      </div>
      <div className={classes.body}>
        {!phone && filtersShown && (
          <aside className={classes.filters} aria-label={t('records.filters')}>
            {panel}
          </aside>
        )}
        <div className={classes.main}>
          {records.error ? (
            <div className={classes.failed}>
              {syntax ? (
                <Alert color="orange" role="alert" title={t('search.syntax')}>
                  {syntax.message}
                </Alert>
              ) : (
                <ErrorNotice error={records.error} onRetry={() => void records.refetch()} />
              )}
            </div>
          ) : records.isPending ? (
            <Loading />
          ) : empty ? (
            <div className={classes.empty}>
              <Nothing folder={folder} query={query} properties={properties} libraryId={libraryId} onClear={() => setQuery({ ...query, q: '', filters: [] })} />
            </div>
          ) : (
            <RecordTable
              documents={documents}
              total={total}
              properties={properties}
              columns={columns}
              query={query}
              selection={selection}
              openId={openId}
              cards={phone ?? false}
              hasMore={records.hasNextPage && !records.isFetchNextPageError}
              loadingMore={records.isFetchingNextPage}
              stale={records.isPlaceholderData}
              renderFilter={(key) => (
                <FacetValues
                  facet={facets?.find((one) => one.key === key)}
                  facetKey={key}
                  property={properties.find((one) => key === `property:${one.id}`)}
                  chosen={valuesFor(query, key)}
                  onToggle={(value) => setQuery(toggleValue(query, key, value))}
                />
              )}
              onLoadMore={handleLoadMore}
              onSelect={setSelection}
              onOpen={setOpenId}
              onSort={(sort) => setQuery({ ...query, sort })}
              onHide={(key) => setColumns(toggleColumn(columns, key))}
              onMove={(key, by) => setColumns(moveColumn(columns, key, by))}
              onResize={(key, width) => setColumns(resizeColumn(columns, key, width))}
            />
          )}
          <div className={classes.status} role="status">
            {records.isSuccess && t('records.total', { count: total, total: total.toLocaleString() })}
            {count > 0 && ` · ${t('records.selected', { count, chosen: count.toLocaleString() })}`}
          </div>
        </div>
        {open && <DetailsAside document={open} onClose={() => setOpenId(null)} linked />}
      </div>
      {phone && (
        <Drawer opened={showFilters ?? false} onClose={() => setShowFilters(false)} position="bottom" size="80%" title={t('records.filters')} padding="xs" closeButtonProps={{ 'aria-label': t('common.close') }}>
          {panel}
          <div className={classes.drawerFoot}>
            <Button fullWidth onClick={() => setShowFilters(false)}>
              {t('records.showResults', { count: total, total: total.toLocaleString() })}
            </Button>
          </div>
        </Drawer>
      )}
      {dialog === 'edit' && <BulkEditDialog folderId={folder.id} properties={properties} count={count} collect={collect} onClose={() => setDialog(null)} />}
      {(dialog === 'delete' || typeof dialog === 'object') && dialog !== null && (
        <BulkActDialog
          what={dialog}
          count={count}
          collect={collect}
          onClose={(changed) => {
            setDialog(null);
            if (changed) setSelection(NOTHING);
          }}
        />
      )}
      {dialog === 'import' && (
        <Suspense fallback={null}>
          <ImportDialog folderId={folder.id} folderName={folder.name} properties={properties} onClose={() => setDialog(null)} />
        </Suspense>
      )}
    </div>
  );
}

/** Searches while it is typed, but not in the middle of a word that an input method is putting together. */
function SearchField({ q, error, onSearch }: { q: string; error: boolean; onSearch: (q: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(q);
  const composing = useRef(false);
  const later = useDebouncedCallback((typed: string) => onSearch(typed), 300);
  return (
    <TextInput
      className={classes.search}
      type="search"
      aria-label={t('records.search')}
      placeholder={t('records.searchPlaceholder')}
      leftSection={<IconSearch size={17} stroke={1.6} />}
      value={text}
      error={error}
      autoFocus={q !== '' && document.activeElement === document.body}
      onCompositionStart={() => (composing.current = true)}
      onCompositionEnd={(event) => {
        composing.current = false;
        later(event.currentTarget.value);
      }}
      onChange={(event) => {
        setText(event.currentTarget.value);
        if (!composing.current) later(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) onSearch(text);
      }}
    />
  );
}

/** On a phone there are no heads of columns to order by. */
function SortSelect({ query, properties, onQuery }: { query: RecordQuery; properties: Property[]; onQuery: (query: RecordQuery) => void }) {
  const { t } = useTranslation();
  const keys = allColumns(properties).filter(isSortable);
  const value = query.sort ? `${query.sort.descending ? '-' : ''}${query.sort.key}` : null;
  return (
    <Select
      aria-label={t('search.sort')}
      placeholder={t('search.sort')}
      flex={1}
      miw={104}
      maw={170}
      clearable
      value={value}
      data={keys.flatMap((key) => [
        { value: key, label: t('records.sortUp', { name: columnLabel(t, key, properties) }) },
        { value: `-${key}`, label: t('records.sortDown', { name: columnLabel(t, key, properties) }) },
      ])}
      onChange={(next) => onQuery({ ...query, sort: next ? { key: next.replace(/^-/, ''), descending: next.startsWith('-') } : null })}
    />
  );
}

interface ExchangeProps {
  folder: FolderView;
  query: RecordQuery;
  columns: Column[];
  libraryId: string;
  onImport: () => void;
}

function Exchange({ folder, query, columns, libraryId, onImport }: ExchangeProps) {
  const { t } = useTranslation();
  const keys = columns.map((one) => one.key);
  return (
    <>
      {folder.abilities.includes('define_properties') && (
        <Button component={Link} to={`/folders/${libraryId}/fields`} variant="default" visibleFrom="md" leftSection={<IconForms size={18} stroke={1.6} />}>
          {t('records.fields')}
        </Button>
      )}
      {folder.abilities.includes('upload') && (
        <Button variant="default" visibleFrom="md" leftSection={<IconFileImport size={18} stroke={1.6} />} onClick={onImport}>
          {t('records.import')}
        </Button>
      )}
      <Menu position="bottom-end" width={230} withinPortal>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={18} stroke={1.6} />}>
            {t('records.export')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={exportAddress(folder.id, query, keys, 'xlsx')} download leftSection={<IconFileSpreadsheet size={17} />}>
            {t('records.exportXlsx')}
          </Menu.Item>
          <Menu.Item component="a" href={exportAddress(folder.id, query, keys, 'csv')} download leftSection={<IconFileTypeCsv size={17} />}>
            {t('records.exportCsv')}
          </Menu.Item>
          {folder.abilities.includes('upload') && (
            <Menu.Item hiddenFrom="md" leftSection={<IconFileImport size={17} />} onClick={onImport}>
              {t('records.import')}
            </Menu.Item>
          )}
          {folder.abilities.includes('define_properties') && (
            <Menu.Item hiddenFrom="md" component={Link} to={`/folders/${libraryId}/fields`} leftSection={<IconForms size={17} />}>
              {t('records.fields')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** Nothing was found, or nothing is there yet: what to do about it. */
function Nothing({ folder, query, properties, libraryId, onClear }: { folder: FolderView; query: RecordQuery; properties: Property[]; libraryId: string; onClear: () => void }) {
  const { t } = useTranslation();
  if (!isEmptyQuery(query)) {
    return (
      <EmptyState icon={<IconListSearch size={30} stroke={1.5} />} title={t('records.nothingFound')} text={t('records.nothingFoundText')}>
        <Button mt="sm" variant="light" leftSection={<IconX size={17} />} onClick={onClear}>
          {t('records.clearAll')}
        </Button>
      </EmptyState>
    );
  }
  const mayDefine = folder.abilities.includes('define_properties') && properties.length === 0;
  return (
    <EmptyState icon={<IconTable size={30} stroke={1.5} />} title={t('records.empty')} text={t(mayDefine ? 'records.emptyDefine' : 'records.emptyText')}>
      <Group mt="sm" justify="center">
        {mayDefine && (
          <Button component={Link} to={`/folders/${libraryId}/fields`} leftSection={<IconForms size={17} />}>
            {t('records.defineFields')}
          </Button>
        )}
        <Button component={Link} to={`/folders/${folder.id}`} variant={mayDefine ? 'default' : 'light'}>
          {t('records.toFiles')}
        </Button>
      </Group>
    </EmptyState>
  );
}
