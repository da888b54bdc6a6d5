import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { GroupView, Page, UserView } from '../../api/types';

export function useGroups() {
  return useQuery({ queryKey: ['groups'], queryFn: () => api.get<Page<GroupView>>('/groups') });
}

export function useMembers(groupId: string) {
  return useQuery({
    queryKey: ['groups', groupId, 'members'],
    queryFn: () => api.get<Page<UserView>>(`/groups/${groupId}/members`),
  });
}

function useGroupChange<T>(mutationFn: (input: T) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: ['groups'] }) });
}

export function useCreateGroup() {
  return useGroupChange((input: { name: string; parent_id?: string }) => api.post<GroupView>('/groups', input));
}

export function useUpdateGroup() {
  return useGroupChange(({ id, ...input }: { id: string; name?: string; parent_id?: string | null }) =>
    api.patch<GroupView>(`/groups/${id}`, input),
  );
}

export function useDeleteGroup() {
  return useGroupChange((id: string) => api.delete<void>(`/groups/${id}`));
}

/** Puts a user into a group or takes them out. */
export function useSetMember(groupId: string) {
  return useGroupChange(({ userId, member }: { userId: string; member: boolean }) => {
    const path = `/groups/${groupId}/members/${userId}`;
    return member ? api.put<void>(path) : api.delete<void>(path);
  });
}
