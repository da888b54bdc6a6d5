import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Page, TokenView } from '../../api/types';

export function useChangePassword() {
  return useMutation({
    mutationFn: (input: { old_password: string; new_password: string }) => api.put<void>('/session/password', input),
  });
}

export function useTokens() {
  return useQuery({ queryKey: ['tokens'], queryFn: () => api.get<Page<TokenView>>('/tokens') });
}

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { name: string; expires_at?: number }) => api.post<TokenView>('/tokens', input),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['tokens'] }),
  });
}

export function useDeleteToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/tokens/${id}`),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['tokens'] }),
  });
}
