import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Page, VersionView } from '../../api/types';
import { documentKey } from '../documents/api';

const versionsKey = (id: string) => [...documentKey(id), 'versions'];

/** The versions of a document, newest first. */
export function useVersions(id: string, enabled: boolean) {
  return useQuery({
    queryKey: versionsKey(id),
    queryFn: ({ signal }) => api.get<Page<VersionView>>(`/documents/${id}/versions`, undefined, signal),
    enabled,
  });
}

function useRefresh(id: string) {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: documentKey(id) });
    void client.invalidateQueries({ queryKey: ['children'] });
    void client.invalidateQueries({ queryKey: ['usage'] });
  };
}

/** Makes an old version the newest one; nothing is taken away. */
export function useRestoreVersion(id: string) {
  return useMutation({
    mutationFn: (number: number) => api.post<VersionView>(`/documents/${id}/versions/${number}/restore`),
    onSuccess: useRefresh(id),
  });
}

/** Keeps the present text of a page as a version. */
export function useSaveVersion(id: string) {
  return useMutation({
    mutationFn: (note: string) => api.post<VersionView>(`/documents/${id}/versions`, { note }),
    onSuccess: useRefresh(id),
  });
}

/** Gives a version another name. */
export function useRenameVersion(id: string) {
  return useMutation({
    mutationFn: ({ number, note }: { number: number; note: string }) => api.patch<VersionView>(`/documents/${id}/versions/${number}`, { note }),
    onSuccess: useRefresh(id),
  });
}
