import { useMutation, useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { api, ApiError, onUnauthorized } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { UserView } from '../../api/types';
import { forgetPerson, isAway, keepSession, keptSession } from '../../offline/kept';

export const SESSION_KEY = ['session'];

// The cached session becomes empty, and RequireSession leads to the sign-in page, which keeps the target.
onUnauthorized(() => {
  queryClient.setQueryData(SESSION_KEY, null);
});

async function readSession(): Promise<UserView | null> {
  try {
    const { user } = await api.get<{ user: UserView }>('/session');
    keepSession(user);
    return user;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      keepSession(null);
      return null;
    }
    const kept = isAway(error) ? keptSession() : null;
    if (kept) return kept;
    throw error;
  }
}

/** Who is signed in: null when nobody. */
export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, networkMode: 'always', refetchOnReconnect: 'always' });
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
      keepSession(user);
      queryClient.setQueryData(SESSION_KEY, user);
    },
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: async (user: string) => {
      await api.delete<void>('/session');
      await forgetPerson(user);
    },
    onSuccess: () => {
      queryClient.clear();
      queryClient.setQueryData(SESSION_KEY, null);
    },
  });
}
