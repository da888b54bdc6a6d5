import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Page, UserView } from '../../api/types';

export interface UserInput {
  name: string;
  display_name: string;
  password: string;
  is_admin: boolean;
  clearance: number;
}

export function useUsers(q: string) {
  return useQuery({
    queryKey: ['users', 'list', q],
    queryFn: ({ signal }) => api.get<Page<UserView>>('/users', { q }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useCreateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: UserInput) => api.post<UserView>('/users', input),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['users'] }),
  });
}

export function useUpdateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...input }: { id: string } & Partial<Omit<UserInput, 'name'>> & { disabled?: boolean }) =>
      api.patch<UserView>(`/users/${id}`, input),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['users'] }),
  });
}
