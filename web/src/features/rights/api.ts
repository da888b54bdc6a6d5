import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { GrantView, GroupView, Page, Role, UserView } from '../../api/types';

export const ROLES: Role[] = ['previewer', 'reader', 'commenter', 'editor', 'manager'];

/** What a grant is on: `folders` or `documents`, as in the address. */
export interface Subject {
  kind: 'folders' | 'documents';
  id: string;
}

const grantsKey = ({ kind, id }: Subject) => ['grants', kind, id];

export function useGrants(subject: Subject) {
  return useQuery({
    queryKey: grantsKey(subject),
    queryFn: () => api.get<Page<GrantView>>(`/${subject.kind}/${subject.id}/grants`),
  });
}

type Grantee = Pick<GrantView, 'subject_kind' | 'subject_id'>;

/** Gives a role to a person or group, or with null takes it away. */
export function useSetGrant(subject: Subject) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ subject_kind, subject_id, role }: Grantee & { role: Role | null }) => {
      const path = `/${subject.kind}/${subject.id}/grants/${subject_kind}/${subject_id}`;
      return role === null ? api.delete<void>(path) : api.put<void>(path, { role });
    },
    onSettled: () => invalidateRights(client),
  });
}

/** Lets grants from above reach a folder or document, or not. */
export function useSetInherits(subject: Subject) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (inherits: boolean) => api.patch<unknown>(`/${subject.kind}/${subject.id}`, { inherits }),
    onSettled: () => invalidateRights(client),
  });
}

function invalidateRights(client: QueryClient): void {
  for (const key of ['grants', 'folders', 'documents', 'children']) void client.invalidateQueries({ queryKey: [key] });
}

/** People and groups whose name contains `q`, for the picker. */
export function useGrantees(q: string) {
  const users = useQuery({
    queryKey: ['users', 'search', q],
    queryFn: ({ signal }) => api.get<Page<UserView>>('/users', { q }, signal),
  });
  const groups = useQuery({ queryKey: ['groups'], queryFn: () => api.get<Page<GroupView>>('/groups') });
  return { users: users.data?.items ?? [], groups: groups.data?.items ?? [] };
}
