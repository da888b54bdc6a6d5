import { useInfiniteQuery, useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Page, RestoredView, TrashEntryView } from '../../api/types';

const PAGE_SIZE = 100;
const PURGING_POLL_MS = 1500;

/** What was thrown away, newest first; asked for again while something is being deleted for good. */
export function useTrash() {
  return useInfiniteQuery({
    queryKey: ['trash'],
    queryFn: ({ pageParam, signal }) => api.get<Page<TrashEntryView>>('/trash', { cursor: pageParam, limit: PAGE_SIZE }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some(isPurging)) ? PURGING_POLL_MS : false,
  });
}

export function isPurging(entry: TrashEntryView): boolean {
  return entry.purged_count != null;
}

/** Takes something out of the trash, to where it was or into `folderId`. */
export function restoreEntry(id: string, folderId?: string): Promise<RestoredView> {
  return api.post<RestoredView>(`/trash/${id}/restore`, folderId === undefined ? {} : { folder_id: folderId });
}

/** Everything that shows what comes and goes. */
export function refreshPlaces(client: QueryClient): void {
  for (const queryKey of [['trash'], ['children'], ['folders'], ['usage']]) void client.invalidateQueries({ queryKey });
}

export function useRestore() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, folderId }: { id: string; folderId?: string }) => restoreEntry(id, folderId),
    onSuccess: () => refreshPlaces(client),
  });
}

/** Deletes an entry for good. */
export function usePurge() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/trash/${id}`),
    onSettled: () => refreshPlaces(client),
  });
}

/** Deletes everything for good that the caller sees in the trash. */
export function useEmptyTrash() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete<{ purged: number; held: number }>('/trash'),
    onSettled: () => refreshPlaces(client),
  });
}
