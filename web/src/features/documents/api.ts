import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { DocumentView } from '../../api/types';
import { orKept } from '../../offline/kept';

export const documentKey = (id: string) => ['documents', id];

/** How often a document is asked for while its text and pages are being made. */
export const PROCESSING_POLL_MS = 2_000;

/** Whether its pages are being made or its text is being recognised. */
export const isInWork = ({ processing }: DocumentView) => processing.state === 'waiting' || Boolean(processing.recognising);

/** One document; asks again while it is being processed. */
export function useDocument(id: string | undefined) {
  return useQuery({
    queryKey: documentKey(id ?? ''),
    enabled: id !== undefined,
    // What is edited in the browser opens without the server too.
    queryFn: ({ signal }) =>
      orKept(
        `document ${id}`,
        () => api.get<DocumentView>(`/documents/${id}`, undefined, signal),
        (document) => document.kind !== 'file',
      ),
    networkMode: 'always',
    refetchOnReconnect: 'always',
    refetchInterval: (query) => (query.state.data && isInWork(query.state.data) ? PROCESSING_POLL_MS : false),
  });
}

/** Renames, moves or re-levels a document. */
export function useUpdateDocument() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...input }: { id: string; name?: string; folder_id?: string; level?: number }) =>
      api.patch<DocumentView>(`/documents/${id}`, input),
    onSuccess: (document) => {
      client.setQueryData(documentKey(document.id), document);
      void client.invalidateQueries({ queryKey: ['children'] });
    },
  });
}

export function useDeleteDocument() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/documents/${id}`),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['children'] });
      void client.invalidateQueries({ queryKey: ['trash'] });
    },
  });
}

/** Makes a page, or with `kind` a board. */
export function useCreatePage() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { folder_id: string; name: string; kind?: 'page' | 'board' }) => api.post<DocumentView>('/documents', { kind: 'page', ...input }),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['children'] }),
  });
}
