// What does the server know of comments? Who really wrote them, and which wait for the caller.
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../api/client';
import type { AnnotationMessageView, AnnotationView, AssignedAnnotationView, Page, UserView } from '../../api/types';
import type { Thread } from './threads';

/** The server reads what was written a second or a few after it; then is the time to ask. */
const ASK_AFTER_MS = [2_500, 8_000];
const LOOK_EVERY_MS = 60_000;

async function listAnnotations(document: string, signal: AbortSignal): Promise<AnnotationView[]> {
  const all: AnnotationView[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await api.get<Page<AnnotationView>>(`/documents/${document}/annotations`, { cursor, limit: 1000 }, signal);
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

/** Messages whose author is not who they say, by their ids. Looks again some time after `threads` changed. */
export function useForgeries(document: string, threads: Thread[]): ReadonlyMap<string, AnnotationMessageView> {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['annotations', document],
    queryFn: ({ signal }) => listAnnotations(document, signal),
    select: (all) => new Map(all.flatMap((thread) => thread.messages.filter((one) => one.is_forged).map((one) => [one.id, one] as const))),
  });
  useEffect(() => {
    const timers = ASK_AFTER_MS.map((ms) =>
      window.setTimeout(() => void client.invalidateQueries({ queryKey: ['annotations', document] }), ms),
    );
    return () => timers.forEach((timer) => window.clearTimeout(timer));
  }, [client, document, threads]);
  return query.data ?? NONE;
}

const NONE: ReadonlyMap<string, AnnotationMessageView> = new Map();

export type AssignedState = 'open' | 'resolved';

/** Threads that wait for the caller, newest first. */
export function useAssigned(state: AssignedState) {
  return useInfiniteQuery({
    queryKey: ['annotations', 'assigned', state],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<AssignedAnnotationView>>('/annotations', { assigned_to: 'me', state, cursor: pageParam, limit: 50 }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor || undefined,
    refetchOnMount: 'always',
  });
}

/** How many open threads wait for the caller, up to 100. */
export function useAssignedCount(): number {
  const query = useQuery({
    queryKey: ['annotations', 'assigned', 'count'],
    queryFn: ({ signal }) => api.get<Page<AssignedAnnotationView>>('/annotations', { assigned_to: 'me', state: 'open', limit: 100 }, signal),
    refetchInterval: LOOK_EVERY_MS,
  });
  return query.data?.items.length ?? 0;
}

/** Colleagues by id; for names beside comments and for picking. */
export function usePeople(): ReadonlyMap<string, UserView> {
  const query = useQuery({
    queryKey: ['users', 'list', ''],
    queryFn: ({ signal }) => api.get<Page<UserView>>('/users', { q: '' }, signal),
    staleTime: 60_000,
    select: (page) => new Map(page.items.map((user) => [user.id, user] as const)),
  });
  return query.data ?? NOBODY;
}

const NOBODY: ReadonlyMap<string, UserView> = new Map();
