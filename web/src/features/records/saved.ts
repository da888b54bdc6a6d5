// Filters that a person gave a name: saved searches that have the columns of a records view.
import { useMemo } from 'react';
import type { SavedQuery, SavedSearch } from '../../api/types';
import { useSavedSearches, useSaveSearch, useUpdateSavedSearch } from '../search/api';
import { parseColumns, type Column } from './columns';
import type { RecordQuery, Sorting } from './query';

export interface SavedFilter {
  id: string;
  name: string;
  query: RecordQuery;
  columns: Column[] | null;
}

export function toFilter({ id, name, query }: SavedSearch): SavedFilter {
  const shown = { q: query.q ?? '', filters: query.filters ?? [], sort: parseSorting(query.view?.sort) };
  return { id, name, query: shown, columns: parseColumns(query.view?.columns) };
}

function parseSorting(value: unknown): Sorting | null {
  if (typeof value !== 'object' || value === null || !('key' in value) || typeof value.key !== 'string') return null;
  return { key: value.key, descending: 'descending' in value && value.descending === true };
}

/** What is saved: a search that the search page can run too, and how the records view shows it. */
export function toSaved(folderId: string, { q, filters, sort }: RecordQuery, columns: Column[]): SavedQuery {
  return { q, in: folderId, filters, view: { columns, sort } };
}

/** One's own saved filters of a folder, in the order of their names. */
export function useSavedFilters(folderId: string): SavedFilter[] {
  const { data } = useSavedSearches();
  return useMemo(
    () =>
      (data?.items ?? [])
        .filter(({ query }) => query.in === folderId && query.view != null)
        .map(toFilter)
        .sort((one, other) => one.name.localeCompare(other.name, 'zh-CN')),
    [data, folderId],
  );
}

export function useSaveFilter(folderId: string) {
  const create = useSaveSearch();
  const update = useUpdateSavedSearch();
  return {
    create: (name: string, query: RecordQuery, columns: Column[]) => create.mutateAsync({ name, query: toSaved(folderId, query, columns) }),
    update: ({ id, query }: SavedFilter, sort: Sorting | null, columns: Column[]) =>
      update.mutateAsync({ id, query: toSaved(folderId, { ...query, sort }, columns) }),
  };
}
