import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { EarlierSearch, Page, SavedQuery, SavedSearch, SearchView, SimilarView, SuggestionsView } from '../../api/types';
import { FACETS, isEmpty, toRequest, type SearchState } from './searchState';

/** While the index is built anew, how often to look how far it is. */
const REBUILDING_POLL_MS = 3_000;

/** Results in pages of twenty; facets come with the first, those of a chosen library's own properties too. */
export function useSearch(state: SearchState) {
  const request = toRequest(state);
  return useInfiniteQuery({
    queryKey: ['search', request],
    queryFn: ({ pageParam, signal }) =>
      api.get<SearchView>('/search', { ...request, limit: 20, cursor: pageParam, facets: pageParam === null ? [...FACETS, 'properties'].join(',') : null }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    enabled: !isEmpty(state),
    // A filter that is set or removed does not blank the page.
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.pages[0]?.rebuilding ? REBUILDING_POLL_MS : false),
    retry: false,
  });
}

/** What the typed text may mean; before anything is typed, the latest searches. */
export function useSuggestions(q: string, enabled: boolean) {
  return useQuery({
    queryKey: ['suggest', q],
    queryFn: ({ signal }) => api.get<SuggestionsView>('/suggest', { q }, signal),
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useEarlierSearches(enabled: boolean) {
  return useQuery({
    queryKey: ['earlier-searches'],
    queryFn: ({ signal }) => api.get<Page<EarlierSearch>>('/earlier-searches', undefined, signal),
    enabled,
  });
}

/** Keeps what was searched, to be offered again. That it is not kept is no reason to disturb the search. */
export function useRememberSearch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (q: string) => api.post<void>('/earlier-searches', { q }),
    onSuccess: () => forgetCached(client),
  });
}

/** Forgets one search, or without an id all of them. */
export function useForgetSearch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string | null) => api.delete<void>(id === null ? '/earlier-searches' : `/earlier-searches/${id}`),
    onSettled: () => forgetCached(client),
  });
}

function forgetCached(client: ReturnType<typeof useQueryClient>): void {
  void client.invalidateQueries({ queryKey: ['suggest'] });
  void client.invalidateQueries({ queryKey: ['earlier-searches'] });
}

const SAVED = ['saved-searches'];

export function useSavedSearches() {
  return useQuery({ queryKey: SAVED, queryFn: ({ signal }) => api.get<Page<SavedSearch>>('/saved-searches', undefined, signal) });
}

export function useSaveSearch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { name: string; query: SavedQuery }) => api.post<SavedSearch>('/saved-searches', input),
    onSuccess: () => void client.invalidateQueries({ queryKey: SAVED }),
  });
}

export function useUpdateSavedSearch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...change }: { id: string; name?: string; query?: SavedQuery }) => api.patch<SavedSearch>(`/saved-searches/${id}`, change),
    onSuccess: () => void client.invalidateQueries({ queryKey: SAVED }),
  });
}

export function useDeleteSavedSearch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/saved-searches/${id}`),
    onSettled: () => void client.invalidateQueries({ queryKey: SAVED }),
  });
}

/** Documents that share rare words with one. */
export function useSimilar(id: string | null) {
  return useQuery({
    queryKey: ['documents', id, 'similar'],
    queryFn: ({ signal }) => api.get<SimilarView>(`/documents/${id}/similar`, undefined, signal),
    enabled: id !== null,
  });
}
