import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { AllUsageView, StorageView, UsageView } from '../../api/types';

export type QuotaInput = { kind: 'default' } | { kind: 'unlimited' } | { kind: 'limited'; bytes: number };

/** How much the library keeps that a folder is in. */
export function useFolderUsage(id: string) {
  return useQuery({ queryKey: ['usage', 'folder', id], queryFn: () => api.get<UsageView>(`/folders/${id}/usage`) });
}

/** How much the signed-in person keeps. */
export function useOwnUsage(enabled: boolean) {
  return useQuery({ queryKey: ['usage', 'me'], queryFn: () => api.get<UsageView>('/usage/me'), enabled, staleTime: 0 });
}

/** How much everybody keeps, for administrators. */
export function useAllUsage() {
  return useQuery({ queryKey: ['usage', 'all'], queryFn: () => api.get<AllUsageView>('/usage') });
}

/** What was found when everything stored was checked last, for administrators. */
export function useStorage() {
  return useQuery({ queryKey: ['storage'], queryFn: () => api.get<StorageView>('/admin/storage'), staleTime: 0 });
}

export function useSetQuota(of: 'libraries' | 'users', id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: QuotaInput) => api.put<void>(`/usage/${of}/${id}/quota`, input),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['usage'] }),
  });
}
