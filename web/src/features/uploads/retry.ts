import { ApiError } from '../../api/client';

const FIRST_MS = 1_000;
const LAST_MS = 20_000;

// Refusals that asking for the offset again cures: the server and this client disagreed for a moment.
const PASSING_CODES = new Set(['upload_offset_mismatch', 'upload_taken_over', 'connection_broken']);

/** How long to wait before the given attempt (from 0): doubling, with some chance so that many clients do not come at once. */
export function backoffMs(attempt: number, random = Math.random()): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 10)) * (0.8 + 0.4 * random);
}

/** Tells whether an upload goes on by itself after this failure: the server is away, busy, or wants a new sign-in. */
export function willPass(error: ApiError): boolean {
  if (PASSING_CODES.has(error.code)) return true;
  // A full disk (507) needs a person; the retry button is there for afterwards.
  return [0, 401, 408, 423, 429, 500, 502, 503, 504].includes(error.status);
}

/** Calls until the server answers; a refusal is thrown at once. */
export async function untilAnswered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || !willPass(error) || error.status === 500) throw error;
      await pause(backoffMs(attempt), signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}
