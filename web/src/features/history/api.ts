import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, requestBytes } from '../../api/client';
import type { HistoryView, VersionView } from '../../api/types';
import { documentKey } from '../documents/api';

const historyKey = (id: string) => [...documentKey(id), 'history'];

/** How often the timeline looks whether colleagues have written. */
const LOOK_AGAIN_MS = 20_000;

/** Who worked on a page when, newest first, page by page. */
export function useTimeline(id: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: historyKey(id),
    enabled,
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) => api.get<HistoryView>(`/documents/${id}/history`, { before: pageParam }, signal),
    getNextPageParam: (last) => last.next_before ?? undefined,
    // Once older pages are open, looking again would read all of them.
    refetchInterval: (query) => (query.state.data && query.state.data.pages.length > 1 ? false : LOOK_AGAIN_MS),
  });
}

/** The edits after entry `after` up to `until`. */
export function fetchUpdates(id: string, after: number, until: number, signal?: AbortSignal) {
  return requestBytes(`/documents/${id}/history/updates`, { after, until }, signal);
}

/** Reads the timeline again. */
export function useRefreshTimeline(id: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: historyKey(id) });
}

/** Keeps a moment as a version with a name. */
export function useNameMoment(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ seq, note }: { seq: number; note: string }) => api.post<VersionView>(`/documents/${id}/versions`, { note, at_seq: seq }),
    onSuccess: () => client.invalidateQueries({ queryKey: documentKey(id) }),
  });
}
