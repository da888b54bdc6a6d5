import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, requestBytes } from '../../api/client';
import type { HistoryView, VersionView } from '../../api/types';
import { documentKey } from '../documents/api';

const historyKey = (id: string) => [...documentKey(id), 'history'];

/** How often to look whether colleagues have written. */
const LOOK_AGAIN_MS = 20_000;
/** Bursts in one page of the timeline. */
const BURSTS = 40;

/** Who worked on a page when, newest first, page by page. */
export function useTimeline(id: string) {
  const timeline = useInfiniteQuery({
    queryKey: historyKey(id),
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) => api.get<HistoryView>(`/documents/${id}/history`, { before: pageParam, limit: BURSTS }, signal),
    getNextPageParam: (last) => last.next_before ?? undefined,
  });
  // A timeline that changes under the reader's hand is none: they are told that there is more.
  const newest = useQuery({
    queryKey: [...historyKey(id), 'newest'],
    enabled: timeline.isSuccess,
    queryFn: ({ signal }) => api.get<HistoryView>(`/documents/${id}/history`, { limit: 1 }, signal),
    refetchInterval: LOOK_AGAIN_MS,
    staleTime: LOOK_AGAIN_MS,
  });
  const known = timeline.data?.pages[0]?.last_seq ?? 0;
  return { ...timeline, hasNews: (newest.data?.last_seq ?? 0) > known };
}

/** The edits after entry `after` up to `until`. */
export function fetchUpdates(id: string, after: number, until: number, signal?: AbortSignal) {
  return requestBytes(`/documents/${id}/history/updates`, { after, until }, signal);
}

/** Reads the timeline again. */
export function useRefreshTimeline(id: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: historyKey(id), exact: true });
}

/** Keeps a moment as a version with a name. */
export function useNameMoment(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ seq, note }: { seq: number; note: string }) => api.post<VersionView>(`/documents/${id}/versions`, { note, at_seq: seq }),
    onSuccess: () => client.invalidateQueries({ queryKey: documentKey(id) }),
  });
}
