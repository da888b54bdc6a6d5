// Filters that a person gave a name: saved searches that have the columns of a records view.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Page } from '../../api/types';
import { parseColumns, type Column } from './columns';
import type { Filter, RecordQuery, Sorting } from './query';

/** As the server keeps it; `view` tells a records view from a search of the search page. */
interface SavedSearch {
  id: string;
  name: string;
  query: {
    q?: string;
    in?: string | null;
    filters?: Filter[];
    view?: { columns?: unknown; sort?: Sorting | null } | null;
  };
}

export interface SavedFilter {
  id: string;
  name: string;
  query: RecordQuery;
  columns: Column[] | null;
}

const SAVED_KEY = ['saved-searches'];

function toFilter({ id, name, query }: SavedSearch): SavedFilter {
  const shown = { q: query.q ?? '', filters: query.filters ?? [], sort: query.view?.sort ?? null };
  return { id, name, query: shown, columns: parseColumns(query.view?.columns) };
}

/** One's own saved filters of a folder, in the order of their names. */
export function useSavedFilters(folderId: string) {
  return useQuery({
    queryKey: SAVED_KEY,
    queryFn: async ({ signal }) => (await api.get<Page<SavedSearch>>('/saved-searches', undefined, signal)).items,
    select: (all) =>
      all
        .filter(({ query }) => query.in === folderId && query.view != null)
        .map(toFilter)
        .sort((one, other) => one.name.localeCompare(other.name, 'zh-CN')),
    retry: false,
  });
}

function body(folderId: string, { q, filters, sort }: RecordQuery, columns: Column[]): SavedSearch['query'] {
  return { q, in: folderId, filters, view: { columns, sort } };
}

export function useSaveFilter(folderId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, name, query, columns }: { id?: string; name: string; query: RecordQuery; columns: Column[] }) =>
      id === undefined
        ? api.post<SavedSearch>('/saved-searches', { name, query: body(folderId, query, columns) })
        : api.patch<SavedSearch>(`/saved-searches/${id}`, { name, query: body(folderId, query, columns) }),
    onSuccess: () => client.invalidateQueries({ queryKey: SAVED_KEY }),
  });
}

export function useDeleteFilter() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/saved-searches/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: SAVED_KEY }),
  });
}
