import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/** Tells whether asking again may help: the server is away or overloaded, not refusing. */
export function isTemporary(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504);
}

/** Makes the cache of everything read from the server. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (count, error) => isTemporary(error) && count < 3 },
      mutations: { retry: false },
    },
  });
}

/** The one cache of the application. */
export const queryClient = createQueryClient();
