import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { ChildrenView, FolderView, Page } from '../../api/types';

export const librariesKey = ['folders'];
export const folderKey = (id: string) => ['folders', id];

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
    const page = await api.get<ChildrenView>(`/folders/${id}/children`, { cursor, limit: 200 });
    folders.push(...page.folders);
    // Folders come first, so a page with documents is the last one of interest.
    cursor = page.documents.length > 0 ? undefined : (page.next_cursor ?? undefined);
  } while (cursor);
  return folders;
}
