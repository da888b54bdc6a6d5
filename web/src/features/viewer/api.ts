import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, ApiError, apiUrl } from '../../api/client';
import type { DocumentView, HitsView, PageHitsView, PagesView, PageTextView } from '../../api/types';
import { documentKey, PROCESSING_POLL_MS } from '../documents/api';
import type { Wanted } from './hits';

/** Number and sizes of the pages; asks again while they are being made. */
export function usePages(id: string, version: number | undefined) {
  return useQuery({
    queryKey: [...documentKey(id), 'pages', version],
    queryFn: ({ signal }) => api.get<PagesView>(`/documents/${id}/pages`, { version }, signal),
    placeholderData: keepPreviousData,
    retry: (count, error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500) && count < 3,
    refetchInterval: ({ state }) =>
      state.error instanceof ApiError && state.error.code === 'preview_not_ready' ? PROCESSING_POLL_MS : false,
  });
}

/** Opens a protected file with its password; then its pages are made. */
export function useUnlock(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (password: string) => api.post<DocumentView>(`/documents/${id}/password`, { password }),
    // A password stays in no cache of the browser.
    gcTime: 0,
    onSuccess: (document) => {
      client.setQueryData(documentKey(id), document);
      void client.invalidateQueries({ queryKey: [...documentKey(id), 'pages'] });
      void client.invalidateQueries({ queryKey: ['children'] });
    },
  });
}

/** Reads text and hits again as more pages of a scan are recognised. */
export function useRecognition(document: DocumentView): void {
  const client = useQueryClient();
  const { id } = document;
  const done = document.processing.recognising?.done;
  useEffect(() => {
    // Also when it ends: `done` is gone then.
    return () => {
      if (done === undefined) return;
      void client.invalidateQueries({ queryKey: [...documentKey(id), 'text'] });
      void client.invalidateQueries({ queryKey: [...documentKey(id), 'hits'] });
    };
  }, [client, id, done]);
}

/** Text and word rectangles of one page. */
export function usePageText(id: string, version: number, number: number, enabled: boolean) {
  return useQuery({
    queryKey: [...documentKey(id), 'text', version, number],
    queryFn: ({ signal }) => api.get<PageTextView>(`/documents/${id}/pages/${number}/text`, { version }, signal),
    staleTime: Infinity,
    enabled,
  });
}

/** How many hits there are, and on which pages. */
export function useHits(id: string, version: number | undefined, wanted: Wanted | null) {
  return useQuery({
    queryKey: [...documentKey(id), 'hits', version, wanted],
    // The rectangles of pages come when the pages are shown.
    queryFn: ({ signal }) => api.get<HitsView>(`/documents/${id}/hits`, { ...wanted, version, limit: 1 }, signal),
    enabled: wanted !== null && version !== undefined,
    staleTime: Infinity,
    // The marks of other words would be wrong ones: nothing is kept meanwhile.
    retry: (count, error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500) && count < 3,
  });
}

/** The rectangles of some neighbouring pages with hits. */
export function useHitGroup(id: string, version: number | undefined, wanted: Wanted | null, pages: number[] | undefined) {
  return useQuery({
    queryKey: [...documentKey(id), 'hits', version, wanted, pages?.[0]],
    queryFn: ({ signal }) => readGroup(id, { ...wanted, version }, pages ?? [], signal),
    enabled: wanted !== null && version !== undefined && pages !== undefined,
    staleTime: Infinity,
  });
}

/** The server may give fewer pages at once than were asked for. */
async function readGroup(id: string, asked: Wanted & { version?: number }, pages: number[], signal: AbortSignal) {
  const found = new Map<number, PageHitsView>();
  const last = pages.at(-1) ?? 0;
  let after: number | null | undefined = (pages[0] ?? 1) - 1;
  while (after !== null && after !== undefined && after < last) {
    const part: HitsView = await api.get(`/documents/${id}/hits`, { ...asked, after_page: after, limit: pages.length }, signal);
    part.pages.forEach((page) => found.set(page.page, page));
    after = part.next_after_page;
  }
  return found;
}

/** Widths that the server renders, in pixels; it rounds up to them, so asking for others only misses the cache. */
const WIDTHS = [160, 320, 640, 960, 1280, 1920, 2560];

/** Address of a page's picture that is sharp at `width` CSS pixels. */
export function pageImageUrl(id: string, version: number, number: number, width: number): string {
  const wanted = width * Math.min(window.devicePixelRatio || 1, 3);
  const step = WIDTHS.find((step) => step >= wanted * 0.95) ?? 2560;
  return apiUrl(`/documents/${id}/pages/${number}.webp`, { version, width: step });
}
