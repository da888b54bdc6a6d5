import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { SearchView } from '../../api/types';

export interface SearchInput {
  q: string;
  type?: string;
  sort?: string;
  in?: string;
}

/** Results in pages of twenty. */
export function useSearch(input: SearchInput) {
  return useInfiniteQuery({
    queryKey: ['search', input],
    queryFn: ({ pageParam, signal }) =>
      api.get<SearchView>('/search', { ...input, limit: 20, cursor: pageParam ?? undefined }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    enabled: input.q.trim() !== '',
    retry: false,
  });
}
