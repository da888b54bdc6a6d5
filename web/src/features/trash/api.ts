import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { DocumentView, Page } from '../../api/types';

export function useTrash() {
  return useQuery({ queryKey: ['trash'], queryFn: () => api.get<Page<DocumentView>>('/trash') });
}

/** Takes a document out of the trash, back to where it was. */
export function useUntrash() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post<DocumentView>(`/documents/${id}/untrash`),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['trash'] });
      void client.invalidateQueries({ queryKey: ['children'] });
      void client.invalidateQueries({ queryKey: ['folders'] });
    },
  });
}
