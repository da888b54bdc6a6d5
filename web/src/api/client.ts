// How does the client talk to the server, and what does a failure look like? Every call goes through `request`.

/** The root of the API; the client is always served by the server it talks to. */
export const API_ROOT = '/api/v1';

/** A refusal of the server, or `network` when it could not be reached. */
export class ApiError extends Error {
  readonly name = 'ApiError';

  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly field?: string,
    readonly requestId?: string,
    /** Keys beside the usual ones, such as `document_id` of `name_taken`. */
    readonly details: Record<string, unknown> = {},
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/** An array is sent as the same parameter several times. */
type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

interface Options {
  body?: unknown;
  query?: Query;
  signal?: AbortSignal;
}

let handleUnauthorized: () => void = () => {};

/** Registers what happens when the session has ended (the shell shows the sign-in page). */
export function onUnauthorized(handler: () => void): void {
  handleUnauthorized = handler;
}

/** Tells the shell that the session has ended; also used by the uploads, which do not pass through `request`. */
export function reportUnauthorized(): void {
  handleUnauthorized();
}

/** Builds the address of an API path with its query. */
export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value as readonly string[]) search.append(key, one);
    else if (value !== undefined && value !== null && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return `${API_ROOT}${path}${text ? `?${text}` : ''}`;
}

/** Reads an error body; a proxy's HTML page becomes the code `http_<status>`. */
export function toApiError(status: number, body: string, retryAfter?: string | null): ApiError {
  const seconds = retryAfter ? Number(retryAfter) || undefined : undefined;
  try {
    const { code, message, field, request_id, ...details } = (JSON.parse(body) as { error: Record<string, unknown> }).error;
    if (typeof code === 'string') {
      return new ApiError(
        code,
        String(message ?? code),
        status,
        typeof field === 'string' ? field : undefined,
        typeof request_id === 'string' ? request_id : undefined,
        details,
        seconds,
      );
    }
  } catch {
    // Not our error format.
  }
  return new ApiError(`http_${status}`, `HTTP ${status}`, status, undefined, undefined, {}, seconds);
}

/** Sends one request and returns the decoded answer. Throws `ApiError`. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  const text = response.status === 204 ? '' : await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Reads a binary answer. Throws `ApiError`. */
export async function requestBytes(path: string, query?: Query, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send('GET', path, { query, signal });
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('network', 'The connection ended in the middle of the answer', 0);
  }
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(apiUrl(path, options.query), {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError('network', 'The server cannot be reached', 0);
  }
  if (!response.ok) {
    const error = toApiError(response.status, await response.text(), response.headers.get('retry-after'));
    if (error.code === 'unauthorized') reportUnauthorized();
    throw error;
  }
  return response;
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal }),
  post: <T>(path: string, body: unknown = {}) => request<T>('POST', path, { body }),
  put: <T>(path: string, body: unknown = {}) => request<T>('PUT', path, { body }),
  patch: <T>(path: string, body: unknown) => request<T>('PATCH', path, { body }),
  delete: <T>(path: string) => request<T>('DELETE', path),
};
