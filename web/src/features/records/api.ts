import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { api, apiUrl, ApiError, reportUnauthorized, toApiError } from '../../api/client';
import type { DocumentView, EditOutcome, ImportReport, Page } from '../../api/types';
import { documentKey } from '../documents/api';
import { toRequest, type RecordQuery } from './query';
import type { Facet, Property, PropertyInput, RecordsAnswer } from './types';

/** As many as the server gives at once. */
const PAGE_SIZE = 100;

export const recordsKey = ['records'];
export const propertiesKey = (folderId: string) => ['properties', folderId];

/** The fields of the library that a folder is in. */
export function useProperties(folderId: string | undefined) {
  return useQuery({
    queryKey: propertiesKey(folderId ?? ''),
    queryFn: async ({ signal }) => (await api.get<Page<Property>>(`/folders/${folderId}/properties`, undefined, signal)).items,
    enabled: folderId !== undefined,
    staleTime: 30_000,
  });
}

/** The fields that a document can have, also for those who see nothing of its library. */
export function useDocumentProperties(document: DocumentView) {
  const { id, path } = document;
  const folder = path[0]?.id;
  return useQuery({
    queryKey: propertiesKey(folder ?? `document ${id}`),
    queryFn: async ({ signal }) =>
      (await api.get<Page<Property>>(folder ? `/folders/${folder}/properties` : `/documents/${id}/properties`, undefined, signal)).items,
    staleTime: 30_000,
  });
}

function fieldsChanged(client: QueryClient): void {
  for (const key of ['properties', 'records', 'documents']) void client.invalidateQueries({ queryKey: [key] });
  refreshIndexed(client, true);
}

export function useCreateProperty(libraryId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: PropertyInput) => api.post<Property>(`/folders/${libraryId}/properties`, input),
    onSuccess: () => fieldsChanged(client),
  });
}

/** Adds the usual fields of an archive that the library does not have yet. */
export function useAddPreset(libraryId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post<Page<Property>>(`/folders/${libraryId}/properties/preset`, { set: 'dossier' }),
    onSuccess: () => fieldsChanged(client),
  });
}

export function useUpdateProperty() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...input }: { id: string } & Partial<PropertyInput> & { position?: number; replace?: Record<string, string | null> }) =>
      api.patch<Property>(`/properties/${id}`, input),
    onSuccess: () => fieldsChanged(client),
  });
}

export function useDeleteProperty() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: string) => api.delete<void>(`/properties/${id}`), onSuccess: () => fieldsChanged(client) });
}

type Loaded = InfiniteData<RecordsAnswer, string | null>;

/** The index follows what is saved within two seconds: then what it counts and finds is asked for again. */
const INDEXED_MS = [1_000, 3_000, 8_000];
/** A longer list stays as it is under the reader's eyes. */
const REREAD_PAGES = 3;
let waiting: ReturnType<typeof setTimeout>[] = [];

/** Reads counts again when the index has followed, and with `lists` the records themselves. */
export function refreshIndexed(client: QueryClient, lists: boolean): void {
  for (const timer of waiting) clearTimeout(timer);
  const refresh = () => {
    void client.invalidateQueries({ queryKey: [...recordsKey, 'facets'] });
    if (!lists) return;
    const isShort = (pages: number | undefined) => pages !== undefined && pages <= REREAD_PAGES;
    void client.invalidateQueries({ queryKey: [...recordsKey, 'list'], predicate: (query) => isShort((query.state.data as Loaded | undefined)?.pages.length) });
  };
  waiting = INDEXED_MS.map((delay) => setTimeout(refresh, delay));
}

/** Records below a folder, a hundred at a time. */
export function useRecords(folderId: string, query: RecordQuery) {
  const request = toRequest(folderId, query);
  const records = useInfiniteQuery({
    queryKey: [...recordsKey, 'list', request],
    queryFn: ({ pageParam, signal }) =>
      api.get<RecordsAnswer>('/search', { ...request, limit: PAGE_SIZE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: keepPreviousData,
    // A list of a thousand pages is not read again because the window was looked at again, but anew when it is come back to.
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const documents = useMemo(() => records.data?.pages.flatMap((page) => page.items.map((hit) => hit.document)) ?? [], [records.data]);
  return { records, documents, total: records.data?.pages[0]?.total ?? 0, rebuilding: records.data?.pages[0]?.rebuilding };
}

/** How many of the records have which value: asked apart from the rows, so that neither waits for the other. */
export function useFacets(folderId: string, query: RecordQuery, keys: string[]) {
  const request = { ...toRequest(folderId, { ...query, sort: null }), facets: keys.join(',') };
  return useQuery({
    queryKey: [...recordsKey, 'facets', request],
    queryFn: async ({ signal }) => (await api.get<RecordsAnswer>('/search', { ...request, limit: 1 }, signal)).facets ?? [],
    placeholderData: keepPreviousData,
    enabled: keys.length > 0,
    retry: false,
  });
}

/** The tags that are in use below a folder, the most frequent first. */
export function useTagFacet(folderId: string) {
  return useFacets(folderId, { q: '', filters: [], sort: null }, ['tag']).data?.[0]?.values ?? NO_VALUES;
}

const NO_VALUES: Facet['values'] = [];

/** Reads what changed on the server again: lists from their beginning, so that a long one costs one question. */
export function useRefreshRecords() {
  const client = useQueryClient();
  return useCallback(() => {
    const firstPage = (data: Loaded | undefined) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
    client.setQueriesData<Loaded>({ queryKey: [...recordsKey, 'list'] }, firstPage);
    void client.invalidateQueries({ queryKey: recordsKey });
    void client.invalidateQueries({ queryKey: ['children'] });
    void client.invalidateQueries({ queryKey: ['documents'] });
    refreshIndexed(client, true);
  }, [client]);
}

/** Puts fresh views of documents where old ones are shown: a long list keeps its position. */
export function replaceDocuments(client: QueryClient, documents: DocumentView[]): void {
  const fresh = new Map(documents.map((one) => [one.id, one]));
  // What was asked before and is still on its way may be older than this.
  void client.cancelQueries({ queryKey: [...recordsKey, 'list'], predicate: (query) => query.state.data !== undefined });
  for (const one of documents) client.setQueryData(documentKey(one.id), one);
  client.setQueriesData<Loaded>({ queryKey: [...recordsKey, 'list'] }, (data) =>
    data && {
      ...data,
      pages: data.pages.map((page) =>
        page.items.some((hit) => fresh.has(hit.document.id))
          ? { ...page, items: page.items.map((hit) => ({ ...hit, document: fresh.get(hit.document.id) ?? hit.document })) }
          : page,
      ),
    },
  );
}

/** Writes tags, fields or the level of one document. */
export function useEditDocument(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { tags?: string[]; properties?: Record<string, string[] | null>; level?: number }) =>
      api.patch<DocumentView>(`/documents/${id}`, input),
    onSuccess: (document) => {
      replaceDocuments(client, [document]);
      refreshIndexed(client, false);
      void client.invalidateQueries({ queryKey: ['children'] });
    },
  });
}

export interface RecordsEdit {
  add_tags?: string[];
  remove_tags?: string[];
  properties?: Record<string, string[] | null>;
  level?: number;
}

/** Changes up to a thousand documents; says for each how it went. */
export async function editRecords(ids: string[], edit: RecordsEdit): Promise<EditOutcome[]> {
  return (await api.post<{ items: EditOutcome[] }>('/records/edit', { document_ids: ids, ...edit })).items;
}

/** One page of the records that a query finds, as `useRecords` reads them. */
export function readRecords(folderId: string, query: RecordQuery, cursor: string | null, signal?: AbortSignal): Promise<RecordsAnswer> {
  return api.get<RecordsAnswer>('/search', { ...toRequest(folderId, query), limit: PAGE_SIZE, cursor }, signal);
}

/** What the columns of a view are called in an exported table. */
const EXPORTED: Record<string, string> = { updated: 'updated_at', created: 'created_at', folder: 'path' };

/** Where all results are downloaded as a table; without columns with those that can be filled in and imported again. */
export function exportAddress(folderId: string, query: RecordQuery, columns: string[] | null, format: 'csv' | 'xlsx'): string {
  const names = columns?.map((key) => EXPORTED[key] ?? key).join(',');
  return apiUrl('/records/export', { ...toRequest(folderId, query), format, columns: names });
}

interface ImportOptions {
  /** `id`, `name`, the id of a field, or empty for what fits best. */
  match: string;
  /** Whether an empty cell empties its field. */
  clearEmpty: boolean;
  /** Only says what would happen. */
  dryRun: boolean;
}

/** Reads a table of values into the documents below a folder. */
export async function importRecords(folderId: string, file: File, { match, clearEmpty, dryRun }: ImportOptions): Promise<ImportReport> {
  const query = { match, empty: clearEmpty ? 'clear' : undefined, dry_run: dryRun ? '1' : undefined };
  let response: Response;
  try {
    response = await fetch(apiUrl(`/folders/${folderId}/records/import`, query), {
      method: 'POST',
      credentials: 'same-origin',
      headers: { accept: 'application/json', 'content-type': 'application/octet-stream' },
      body: file,
    });
  } catch {
    throw new ApiError('network', 'The server cannot be reached', 0);
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as ImportReport;
  const error = toApiError(response.status, text, response.headers.get('retry-after'));
  if (error.code === 'unauthorized') reportUnauthorized();
  throw error;
}
