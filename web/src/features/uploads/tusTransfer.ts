// How does a file reach the server as it is? A tus upload that goes on by itself whatever happens to the connection.
import * as tus from 'tus-js-client';
import { API_ROOT, ApiError, reportUnauthorized, toApiError } from '../../api/client';
import { backoffMs, willPass } from './retry';
import type { Target, Transfer, TransferEvents } from './transfer';

// One request carries at most this much: what proxies commonly let through, and what is durable after each answer.
const CHUNK_BYTES = 32 * 1024 * 1024;

/** One file on its way. Events stop after `pause` and `cancel`. */
export class TusTransfer implements Transfer {
  private upload: tus.Upload | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private stopped = false;

  constructor(
    private readonly file: File,
    private readonly target: Target,
    /** Names this file in this place for this user, so that it is resumed after the page was loaded again. */
    private readonly fingerprint: string,
    private readonly events: TransferEvents,
  ) {}

  /** Starts or continues. */
  async start(): Promise<void> {
    this.stopped = false;
    this.events.onActive();
    if (this.upload) return this.upload.start();
    const upload = this.create();
    this.upload = upload;
    const earlier = await upload.findPreviousUploads();
    const latest = earlier.sort((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime))[0];
    if (latest) upload.resumeFromPreviousUpload(latest);
    if (!this.stopped) upload.start();
  }

  pause(): void {
    this.stop();
    void this.upload?.abort(false);
  }

  /** Stops and lets the server forget what it has; when it is away, the upload expires there. */
  cancel(): void {
    this.stop();
    this.upload?.abort(true).catch(() => {});
  }

  /** Tries at once instead of at the end of the pause. */
  wake(): void {
    if (this.timer === undefined || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.start();
  }

  private stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private create(): tus.Upload {
    const place: Record<string, string> =
      'folderId' in this.target ? { folder_id: this.target.folderId } : { document_id: this.target.documentId };
    return new tus.Upload(this.file, {
      endpoint: `${window.location.origin}${API_ROOT}/uploads`,
      chunkSize: CHUNK_BYTES,
      metadata: { filename: this.file.name, filetype: this.file.type, ...place },
      fingerprint: () => Promise.resolve(this.fingerprint),
      removeFingerprintOnSuccess: true,
      retryDelays: null, // done here, without an end
      onAfterResponse: keepAddress,
      onProgress: (sent) => this.events.onProgress(sent, sent),
      onChunkComplete: () => {
        this.attempt = 0;
      },
      onSuccess: ({ lastResponse }) => {
        if (!this.stopped) this.events.onDone(lastResponse.getHeader('Wenshu-Document-Id') ?? null, null);
      },
      onError: (error) => void this.handleError(error),
    });
  }

  private async handleError(thrown: Error): Promise<void> {
    if (this.stopped) return;
    const error = readError(thrown);
    if (error.status === 0 && !(await isReadable(this.file))) {
      this.events.onFailed(new ApiError('file_changed', thrown.message, 0));
      return;
    }
    if (this.stopped) return;
    if (!willPass(error)) {
      this.events.onFailed(error);
      return;
    }
    if (error.status === 401) reportUnauthorized();
    const delay = Math.max(backoffMs(this.attempt), (error.retryAfterSeconds ?? 0) * 1000);
    this.attempt += 1;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.start();
    }, delay);
    this.events.onWaiting(error, Date.now() + delay);
  }
}

class Refused extends Error {
  constructor(readonly response: tus.HttpResponse) {
    super('refused');
  }
}

// tus-js-client forgets the upload when asking for its offset gives any 4xx. Only "gone" means that it is gone.
function keepAddress(request: tus.HttpRequest, response: tus.HttpResponse): void {
  if (request.getMethod() === 'HEAD' && [401, 403, 408, 429].includes(response.getStatus())) throw new Refused(response);
}

function readError(error: Error): ApiError {
  const detailed = error as Partial<tus.DetailedError>;
  const cause = detailed.causingError;
  const response = cause instanceof Refused ? cause.response : detailed.originalResponse;
  if (!response || response.getStatus() === 0) {
    // Without a request it never left this machine: our own mistake, not the network's.
    const code = detailed.originalRequest ? 'network' : 'unknown';
    return new ApiError(code, error.message, code === 'network' ? 0 : 400);
  }
  return toApiError(response.getStatus(), response.getBody(), response.getHeader('Retry-After'));
}

/** A file that was changed or removed while it is uploaded fails like a broken connection. */
export async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
