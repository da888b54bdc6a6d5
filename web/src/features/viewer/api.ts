import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ApiError, apiUrl } from '../../api/client';
import type { PagesView, PageTextView } from '../../api/types';
import { documentKey, PROCESSING_POLL_MS } from '../documents/api';

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

/** Text and word rectangles of one page. */
export function usePageText(id: string, version: number, number: number, enabled: boolean) {
  return useQuery({
    queryKey: [...documentKey(id), 'text', version, number],
    queryFn: ({ signal }) => api.get<PageTextView>(`/documents/${id}/pages/${number}/text`, { version }, signal),
    staleTime: Infinity,
    enabled,
  });
}

/** Widths that the server renders, in pixels; it rounds up to them, so asking for others only misses the cache. */
const WIDTHS = [160, 320, 640, 960, 1280, 1920, 2560];

/** Address of a page's picture that is sharp at `width` CSS pixels. */
export function pageImageUrl(id: string, version: number, number: number, width: number): string {
  const wanted = width * Math.min(window.devicePixelRatio || 1, 3);
  const step = WIDTHS.find((step) => step >= wanted * 0.95) ?? 2560;
  return apiUrl(`/documents/${id}/pages/${number}.webp`, { version, width: step });
}
