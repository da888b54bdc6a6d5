// How does only the new part of a file reach the server? A worker cuts and hashes it, the server says which chunks it needs from
// this user, those are sent, and the list of all makes the document. Everything overlaps; after a broken connection, a
// restart or a reload the server is asked again, so nothing is sent twice.
import { API_ROOT, ApiError, reportUnauthorized, request, toApiError } from '../../api/client';
import type { Chunk } from './chunks/chunk';
import type { Report, Task } from './chunks/chunker.worker';
import type { Sizes } from './chunks/cut';
import { backoffMs, willPass } from './retry';
import type { Target, Transfer, TransferEvents } from './transfer';
import { isReadable } from './tusTransfer';

/** Chunks sent at a time. */
const SENDERS = 4;
/** Chunks asked about in one request. */
const ASKED_AT_ONCE = 1_000;
/** How often the server may find chunks missing that it had before. */
const ROUNDS = 5;
/** Uploads that were begun, by fingerprint. */
const STORED = 'wenshu.upload.';

export interface DeltaEvents extends TransferEvents {
  /** This browser cannot cut files; another way has to be taken. */
  onUnable(): void;
}

interface Piece extends Chunk {
  start: number;
}

class Stopped extends Error {}

/** One file of which only the new chunks are sent. */
export class DeltaTransfer implements Transfer {
  private worker: Worker | undefined;
  private pieces: Piece[] = [];
  private cut = false;
  /** Wakes whoever waits for more pieces. */
  private more: () => void = () => {};
  private controller = new AbortController();
  private running = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private uploadId: string | undefined;
  /** Hashes that the server has from this user. */
  private present = new Set<string>();
  private doneBytes = 0;
  private sentBytes = 0;
  private underWay = new Map<string, number>();

  constructor(
    private readonly file: File,
    private readonly target: Target,
    private readonly fingerprint: string,
    private readonly sizes: Sizes,
    private readonly events: DeltaEvents,
  ) {}

  async start(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.events.onActive();
    if (!this.cut && !this.worker) this.startWorker();
    try {
      const done = await this.run(signal);
      if (signal.aborted) return;
      this.running = false;
      localStorage.removeItem(STORED + this.fingerprint);
      this.events.onDone(done, this.sentBytes);
    } catch (error) {
      if (!signal.aborted) await this.handleError(error, signal);
    }
  }

  pause(): void {
    this.stop();
  }

  cancel(): void {
    this.stop();
    this.worker?.terminate();
    this.worker = undefined;
    const id = this.uploadId ?? localStorage.getItem(STORED + this.fingerprint);
    localStorage.removeItem(STORED + this.fingerprint);
    if (id) void fetch(`${API_ROOT}/uploads/${id}`, { method: 'DELETE', headers: TUS, keepalive: true }).catch(() => {});
  }

  wake(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.start();
  }

  private stop(): void {
    this.controller.abort();
    this.running = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.more();
  }

  private startWorker(): void {
    this.pieces = [];
    const unable = () => {
      this.stop();
      this.worker?.terminate();
      this.worker = undefined;
      this.events.onUnable();
    };
    try {
      this.worker = new Worker(new URL('./chunks/chunker.worker.ts', import.meta.url), { type: 'module' });
    } catch {
      unable();
      return;
    }
    let start = 0;
    this.worker.onerror = unable;
    this.worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if (data.kind === 'chunks') {
        for (const chunk of data.chunks) {
          this.pieces.push({ ...chunk, start });
          start += chunk.size_bytes;
        }
      } else if (data.kind === 'end') {
        this.cut = true;
        this.worker?.terminate();
        this.worker = undefined;
      } else if (data.why === 'unreadable') {
        this.fail(fileChanged(data.message));
      } else {
        unable();
      }
      this.more();
    };
    this.worker.postMessage({ file: this.file, sizes: this.sizes } satisfies Task);
  }

  /** Asks and sends until everything is there; answers the document's id. */
  private async run(signal: AbortSignal): Promise<string> {
    const id = await this.begin(signal);
    const queue: Piece[] = [];
    await this.inParallel(signal, queue, async (enqueue) => {
      for (let asked = 0; ; ) {
        while (asked === this.pieces.length && !this.cut) await this.waitForMore(signal);
        if (asked === this.pieces.length) return;
        const some = this.pieces.slice(asked, asked + ASKED_AT_ONCE);
        asked += some.length;
        enqueue(await this.findMissing(id, some, signal));
      }
    });
    for (let round = 0; ; round++) {
      try {
        const chunks = this.pieces.map(({ hash, size_bytes }) => ({ hash, size_bytes }));
        const body = { chunks, skip_unchanged: false };
        return (await request<{ document_id: string }>('POST', `/uploads/${id}/assemble`, { body, signal })).document_id;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'chunks_missing' || round === ROUNDS) throw error;
        // Rights were lost meanwhile, or the server has lost them: they are sent now.
        const wanted = new Set(error.details.missing as string[]);
        for (const hash of wanted) this.present.delete(hash);
        await this.inParallel(signal, queue, (enqueue) => {
          enqueue(this.pieces.filter((piece) => wanted.delete(piece.hash)));
          return Promise.resolve();
        });
      }
    }
  }

  /** Goes on with the upload of an earlier visit, or begins one. */
  private async begin(signal: AbortSignal): Promise<string> {
    this.uploadId ??= localStorage.getItem(STORED + this.fingerprint) ?? undefined;
    if (this.uploadId) return this.uploadId;
    const place: Record<string, string> =
      'folderId' in this.target ? { folder_id: this.target.folderId } : { document_id: this.target.documentId };
    const metadata = Object.entries({ filename: this.file.name, ...place }).map(([key, value]) => `${key} ${base64(value)}`);
    const headers = { ...TUS, 'Upload-Length': String(this.file.size), 'Upload-Metadata': metadata.join(',') };
    const answer = await send('POST', '/uploads', headers, null, signal);
    const id = answer.getResponseHeader('Location')?.split('/').at(-1);
    if (!id) throw new ApiError('unknown', 'the server named no upload', 500);
    this.uploadId = id;
    localStorage.setItem(STORED + this.fingerprint, id);
    return id;
  }

  private async findMissing(id: string, pieces: Piece[], signal: AbortSignal): Promise<Piece[]> {
    const chunks = pieces.map(({ hash, size_bytes }) => ({ hash, size_bytes }));
    const answer = await request<{ missing: string[] }>('POST', `/uploads/${id}/missing`, { body: { chunks }, signal });
    const missing = new Set(answer.missing);
    for (const piece of pieces) if (!missing.has(piece.hash)) this.present.add(piece.hash);
    this.report();
    return pieces.filter((piece) => missing.delete(piece.hash));
  }

  /** Lets `find` put pieces into the queue while others are sent from it; ends when all are sent. */
  private async inParallel(
    signal: AbortSignal,
    queue: Piece[],
    find: (enqueue: (pieces: Piece[]) => void) => Promise<void>,
  ): Promise<void> {
    queue.length = 0;
    let found = false;
    let wakeSenders: (() => void)[] = [];
    const wake = () => {
      const waiting = wakeSenders;
      wakeSenders = [];
      for (const one of waiting) one();
    };
    // One that fails must not leave the others behind.
    const own = new AbortController();
    signal.addEventListener('abort', () => own.abort(), { once: true });
    own.signal.addEventListener('abort', wake, { once: true });
    const sendAll = async () => {
      for (;;) {
        if (own.signal.aborted) throw new Stopped();
        const piece = queue.shift();
        if (piece) await this.sendPiece(piece, own.signal);
        else if (found) return;
        else await new Promise<void>((resolve) => wakeSenders.push(resolve));
      }
    };
    const search = find((pieces) => {
      queue.push(...pieces);
      wake();
    }).then(() => {
      found = true;
      wake();
    });
    const all = [search, ...Array.from({ length: SENDERS }, sendAll)];
    for (const one of all) one.catch(() => own.abort());
    const outcomes = await Promise.allSettled(all);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    if (failures.length > 0) throw failures.find((failure) => failure instanceof ApiError) ?? failures[0];
  }

  private async sendPiece(piece: Piece, signal: AbortSignal): Promise<void> {
    if (this.present.has(piece.hash)) return;
    const path = `/uploads/${this.uploadId}/chunks/${piece.hash}`;
    const body = this.file.slice(piece.start, piece.start + piece.size_bytes);
    try {
      await send('PUT', path, { 'Content-Type': 'application/octet-stream' }, body, signal, (bytes) => {
        this.underWay.set(piece.hash, Math.min(bytes, piece.size_bytes));
        this.report();
      });
    } finally {
      this.underWay.delete(piece.hash);
    }
    this.sentBytes += piece.size_bytes;
    this.present.add(piece.hash);
    this.attempt = 0;
    this.report();
  }

  private report(): void {
    const moving = [...this.underWay.values()].reduce((sum, bytes) => sum + bytes, 0);
    const done = this.pieces.reduce((sum, piece) => (this.present.has(piece.hash) ? sum + piece.size_bytes : sum), 0);
    this.doneBytes = Math.max(this.doneBytes, done + moving);
    this.events.onProgress(this.doneBytes, this.sentBytes + moving);
  }

  private waitForMore(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new Stopped());
    return new Promise((resolve) => {
      this.more = resolve;
    });
  }

  private async handleError(thrown: unknown, signal: AbortSignal): Promise<void> {
    let error = thrown instanceof ApiError ? thrown : new ApiError('unknown', String(thrown), 400);
    if (['network', 'chunk_hash_mismatch'].includes(error.code) && !(await this.isUnchanged(error))) {
      error = fileChanged(error.message);
    }
    if (signal.aborted) return;
    this.running = false;
    if (error.code === 'upload_not_found' || error.code === 'upload_expired') {
      // It rested too long or was taken back: what the server had for it is gone.
      this.uploadId = undefined;
      localStorage.removeItem(STORED + this.fingerprint);
      this.present.clear();
      if (this.attempt++ < ROUNDS) return void this.start();
    }
    if (!willPass(error)) return this.fail(error);
    if (error.status === 401) reportUnauthorized();
    const delay = Math.max(backoffMs(this.attempt), (error.retryAfterSeconds ?? 0) * 1000);
    this.attempt += 1;
    this.timer = setTimeout(() => this.wake(), delay);
    this.events.onWaiting(error, Date.now() + delay);
  }

  private async isUnchanged(error: ApiError): Promise<boolean> {
    return error.code === 'network' && (await isReadable(this.file));
  }

  private fail(error: ApiError): void {
    this.stop();
    this.worker?.terminate();
    this.worker = undefined;
    this.events.onFailed(error);
  }
}

const TUS = { 'Tus-Resumable': '1.0.0' };

function fileChanged(message: string): ApiError {
  return new ApiError('file_changed', message, 0);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

// `fetch` does not tell how much of a body is sent.
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Blob | null,
  signal: AbortSignal,
  onProgress: (sentBytes: number) => void = () => {},
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Stopped());
    const call = new XMLHttpRequest();
    call.open(method, `${API_ROOT}${path}`);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    const abort = () => call.abort();
    signal.addEventListener('abort', abort, { once: true });
    call.upload.onprogress = ({ loaded }) => onProgress(loaded);
    call.onload = () => {
      if (call.status >= 200 && call.status < 300) resolve(call);
      else reject(toApiError(call.status, call.responseText, call.getResponseHeader('Retry-After')));
    };
    call.onerror = () => reject(new ApiError('network', 'The server cannot be reached', 0));
    call.onabort = () => reject(new Stopped());
    call.onloadend = () => signal.removeEventListener('abort', abort);
    call.send(body);
  });
}
