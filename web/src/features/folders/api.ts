import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../api/client';
import type { ChildrenView, DocumentView, FolderView, Page } from '../../api/types';
import { isInWork, PROCESSING_POLL_MS } from '../documents/api';

const PAGE_SIZE = 200;

export const librariesKey = ['folders'];
export const folderKey = (id: string) => ['folders', id];
const listKey = (id: string) => ['children', id, 'list'];

/** The libraries and shared folders at the top of what the caller sees. */
export function useLibraries() {
  return useQuery({ queryKey: librariesKey, queryFn: () => api.get<Page<FolderView>>('/folders') });
}

export function useFolder(id: string | undefined) {
  return useQuery({
    queryKey: folderKey(id ?? ''),
    queryFn: () => api.get<FolderView>(`/folders/${id}`),
    enabled: id !== undefined,
  });
}

/** The folders directly below a folder, for trees. */
export function useSubfolders(id: string, enabled: boolean) {
  return useQuery({
    queryKey: ['children', id, 'folders'],
    queryFn: () => listSubfolders(id),
    enabled,
  });
}

/** Reads all folders directly below one. */
export async function listSubfolders(id: string): Promise<FolderView[]> {
  const folders: FolderView[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<ChildrenView>(`/folders/${id}/children`, { cursor, limit: PAGE_SIZE });
    folders.push(...page.folders);
    // Folders come first, so a page with documents is the last one of interest.
    cursor = page.documents.length > 0 ? undefined : (page.next_cursor ?? undefined);
  } while (cursor);
  return folders;
}

type Loaded = InfiniteData<ChildrenView, string | undefined>;

/** What is in a folder, page by page; documents that are being processed are asked for again until they are done. */
export function useChildren(id: string) {
  const client = useQueryClient();
  const children = useInfiniteQuery({
    queryKey: listKey(id),
    queryFn: ({ pageParam, signal }) => readChildren(id, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const waiting = children.data?.pages.some((page) => page.documents.some(isInWork)) ?? false;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void refreshWaiting(client, id), PROCESSING_POLL_MS);
    return () => clearInterval(timer);
  }, [client, id, waiting]);
  return children;
}

function readChildren(id: string, cursor: string | undefined, signal?: AbortSignal): Promise<ChildrenView> {
  return api.get<ChildrenView>(`/folders/${id}/children`, { cursor, limit: PAGE_SIZE }, signal);
}

/** Asks only for the pages with waiting documents, and replaces documents in place: a long list keeps its position. */
async function refreshWaiting(client: QueryClient, id: string): Promise<void> {
  const loaded = client.getQueryData<Loaded>(listKey(id));
  if (!loaded || document.hidden) return;
  const cursors = loaded.pageParams.filter((_, index) => loaded.pages[index]?.documents.some(isInWork));
  try {
    const fresh = new Map<string, DocumentView>();
    for (const cursor of cursors) {
      for (const one of (await readChildren(id, cursor)).documents) fresh.set(one.id, one);
    }
    client.setQueryData<Loaded>(listKey(id), (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          documents: page.documents.map((one) => (isInWork(one) ? (fresh.get(one.id) ?? one) : one)),
        })),
      },
    );
  } catch {
    // The next turn asks again.
  }
}

function invalidateFolders(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: ['folders'] });
  void client.invalidateQueries({ queryKey: ['children'] });
}

/** Makes a folder, or without a parent a library. */
export function useCreateFolder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { name: string; parent_id?: string }) => api.post<FolderView>('/folders', input),
    onSuccess: () => invalidateFolders(client),
  });
}

/** Renames or moves a folder, or changes whether it inherits rights. */
export function useUpdateFolder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...input }: { id: string; name?: string; parent_id?: string; inherits?: boolean }) =>
      api.patch<FolderView>(`/folders/${id}`, input),
    onSuccess: () => invalidateFolders(client),
  });
}

/** Moves a folder with everything in it to the trash. */
export function useDeleteFolder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/folders/${id}`),
    onSuccess: () => {
      invalidateFolders(client);
      void client.invalidateQueries({ queryKey: ['trash'] });
    },
  });
}
