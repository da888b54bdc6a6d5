import { useMutation, useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { api, ApiError, onUnauthorized } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { UserView } from '../../api/types';

export const SESSION_KEY = ['session'];

// The cached session becomes empty, and RequireSession leads to the sign-in page, which keeps the target.
onUnauthorized(() => {
  queryClient.setQueryData(SESSION_KEY, null);
});

async function readSession(): Promise<UserView | null> {
  try {
    return (await api.get<{ user: UserView }>('/session')).user;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who is signed in: null when nobody. */
export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000 });
}

/** Filled by RequireSession. Not read from the cache: while signing out, parts of the page live a moment longer. */
export const CurrentUserContext = createContext<UserView | null>(null);

/** The signed-in user; only below RequireSession. */
export function useCurrentUser(): UserView {
  const user = useContext(CurrentUserContext);
  if (!user) throw new Error('used outside of a session');
  return user;
}

export function useSignIn() {
  return useMutation({
    mutationFn: (input: { name: string; password: string }) => api.post<{ user: UserView }>('/session', input),
    onSuccess: ({ user }) => {
      // Nothing that someone else saw before may be shown to this user.
      queryClient.clear();
      queryClient.setQueryData(SESSION_KEY, user);
    },
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => api.delete<void>('/session'),
    onSuccess: () => {
      queryClient.clear();
      queryClient.setQueryData(SESSION_KEY, null);
    },
  });
}
