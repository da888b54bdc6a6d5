// How does a room reach the browser where WebSockets are blocked? An event stream for what the server says, requests for what
// is said to it, behind the interface of a WebSocket; where a proxy holds streams back, short answers one after another.
//
// Frames are numbered by their order. A request whose answer was lost is sent again, and the server passes over what it has.
// Nothing here decides what is saved: the room's own messages do, as on a WebSocket.
import * as encoding from 'lib0/encoding';
import { EventReader, fromBase64 } from './eventStream';

/** How long the first event of a stream may take; a proxy that gathers whole answers never lets it through. */
const OPEN_MS = 6_000;
/** Longest time without a request: the server takes a client that says nothing for gone. */
const ALIVE_MS = 20_000;
/** A request with many small frames ends here. */
const BATCH_BYTES = 256 << 10;
/** How long sending is tried again before the connection counts as lost. */
const RETRY_MS = 15_000;
const POLL_TIMEOUT_MS = 30_000;

/** What a refused request means as the end of a WebSocket. */
const CLOSE_CODES: Record<string, number> = {
  unauthorized: 4401,
  forbidden: 4403,
  room_not_found: 4404,
  message_malformed: 4400,
  message_too_large: 4413,
  too_many_messages: 4429,
  room_restarting: 1012,
};

/** Remembered as long as the page is open: streams do not get through here. */
let streamsAreHeldBack = false;

/** For tests. */
export function forgetHeldBackStreams(): void {
  streamsAreHeldBack = false;
}

class Lost extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A WebSocket over HTTP; `url` is the address that a WebSocket would have. */
export class HttpSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly protocol = '';
  readonly extensions = '';
  binaryType: BinaryType = 'arraybuffer';
  readyState: number = HttpSocket.CONNECTING;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;

  private readonly stop = new AbortController();
  private readonly room: URL;
  private connection = '';
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  /** Frames that the server has. */
  private received = 0;
  private sending = false;
  private polls = false;
  private mark = 0;
  private alive: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly url: string) {
    super();
    this.room = new URL(url.replace(/^ws/, 'http'));
    void this.run();
  }

  get bufferedAmount(): number {
    return this.queuedBytes;
  }

  send(data: ArrayBuffer | ArrayBufferView): void {
    if (this.readyState === HttpSocket.CONNECTING) throw new DOMException('still connecting', 'InvalidStateError');
    if (this.readyState !== HttpSocket.OPEN) return;
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.queue.push(bytes.slice());
    this.queuedBytes += bytes.length;
    void this.pump();
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState >= HttpSocket.CLOSING) return;
    this.readyState = HttpSocket.CLOSING;
    this.stop.abort();
    setTimeout(() => this.end(code, reason));
  }

  /** Ends the connection as if the server had. */
  protected end(code: number, reason: string): void {
    if (this.readyState === HttpSocket.CLOSED) return;
    const opened = this.connection !== '';
    this.readyState = HttpSocket.CLOSED;
    clearTimeout(this.alive);
    this.stop.abort();
    this.queue = [];
    this.queuedBytes = 0;
    if (!opened) this.tell(this.onerror, new Event('error'));
    this.tell(this.onclose, Object.assign(new Event('close'), { code, reason, wasClean: code !== 1006 }));
  }

  private tell<E extends Event>(handler: ((event: E) => void) | null, event: Event): void {
    this.dispatchEvent(event);
    handler?.(event as E);
  }

  private address(path: string, query: Record<string, string | number> = {}): string {
    const url = new URL(this.room);
    url.pathname += path;
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    return url.href;
  }

  private async run(): Promise<void> {
    try {
      this.polls = streamsAreHeldBack;
      if (!this.polls) await this.readStream();
      while (this.polls) await this.readAnswer();
      throw new Lost(1006, 'the stream ended');
    } catch (error) {
      if (error instanceof Lost) this.end(error.code, error.message);
      else this.end(1006, '');
    }
  }

  /** Reads one long answer to its end. Falls back to short ones when nothing of it gets through. */
  private async readStream(): Promise<void> {
    const attempt = this.limited(OPEN_MS);
    try {
      const response = await this.fetch(this.address('/events'), { signal: attempt.signal });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const events = new EventReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const event of events.push(value)) {
          attempt.lift();
          this.take(event.name, event.data);
        }
      }
    } catch (error) {
      if (!attempt.isOver() || this.connection) throw error;
      this.polls = true;
    } finally {
      attempt.end();
    }
  }

  /** A signal that ends a request with the connection, or after a time. */
  private limited(ms: number) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      abort();
    }, ms);
    this.stop.signal.addEventListener('abort', abort);
    const lift = () => clearTimeout(timer);
    const end = () => {
      lift();
      this.stop.signal.removeEventListener('abort', abort);
    };
    return { signal: controller.signal, isOver: () => over, lift, end };
  }

  /** Reads one short answer: the name of the connection first, then whatever there is. */
  private async readAnswer(): Promise<void> {
    const query: Record<string, string | number> = this.connection
      ? { poll: 1, connection: this.connection, after: this.mark }
      : { poll: 1 };
    const text = await this.retry(async () => {
      const attempt = this.limited(POLL_TIMEOUT_MS);
      try {
        return await (await this.fetch(this.address('/events', query), { signal: attempt.signal })).text();
      } finally {
        attempt.end();
      }
    });
    for (const event of new EventReader().push(text)) this.take(event.name, event.data);
    // It works where a stream does not: the next connection begins with it.
    streamsAreHeldBack = true;
  }

  private take(name: string, data: string): void {
    if (this.readyState >= HttpSocket.CLOSING) return;
    if (name === 'open') {
      this.connection = data;
      this.readyState = HttpSocket.OPEN;
      this.keepAlive();
      this.tell(this.onopen, new Event('open'));
    } else if (name === 'message') {
      this.tell(this.onmessage, new MessageEvent('message', { data: fromBase64(data).buffer }));
    } else if (name === 'mark') {
      this.mark = Number(data);
    } else if (name === 'close') {
      const at = data.indexOf(' ');
      throw new Lost(Number(at < 0 ? data : data.slice(0, at)), at < 0 ? '' : data.slice(at + 1));
    }
  }

  private keepAlive(): void {
    clearTimeout(this.alive);
    this.alive = setTimeout(() => void this.pump(true), ALIVE_MS);
  }

  /** Sends what waits, one request at a time, in order. */
  private async pump(evenNothing = false): Promise<void> {
    if (this.sending || this.readyState !== HttpSocket.OPEN) return;
    this.sending = true;
    try {
      // What is said in one turn of the event loop goes together.
      await Promise.resolve();
      while ((this.queue.length > 0 || evenNothing) && this.readyState === HttpSocket.OPEN) {
        evenNothing = false;
        await this.sendBatch();
        this.keepAlive();
      }
    } catch (error) {
      if (error instanceof Lost) this.end(error.code, error.message);
      else this.end(1006, '');
    } finally {
      this.sending = false;
    }
  }

  private async sendBatch(): Promise<void> {
    const encoder = encoding.createEncoder();
    let count = 0;
    for (const frame of this.queue) {
      if (count > 0 && encoding.length(encoder) + frame.length > BATCH_BYTES) break;
      encoding.writeVarUint8Array(encoder, frame);
      count += 1;
    }
    const body = encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>;
    const from = this.received;
    await this.retry(() =>
      this.fetch(this.address('/messages', { connection: this.connection, from }), {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body,
        signal: this.stop.signal,
      }),
    );
    this.received = from + count;
    for (const frame of this.queue.splice(0, count)) this.queuedBytes -= frame.length;
  }

  /** A request that may be repeated is, as long as the network or a proxy fails and not the server. */
  private async retry<T>(attempt: () => Promise<T>): Promise<T> {
    const end = Date.now() + RETRY_MS;
    for (let wait = 250; ; wait = Math.min(wait * 2, 4_000)) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof Lost || this.stop.signal.aborted || Date.now() + wait > end) throw error;
        await sleep(wait * (0.5 + Math.random() / 2));
      }
    }
  }

  private async fetch(address: string, init: RequestInit): Promise<Response> {
    const response = await fetch(address, { credentials: 'same-origin', cache: 'no-store', ...init });
    if (response.ok) return response;
    const text = await response.text();
    let code = '';
    try {
      code = (JSON.parse(text) as { error: { code: string } }).error.code;
    } catch {
      // A proxy's page.
    }
    // What a proxy says of a server that is away passes; what the server says does not.
    if (!code && response.status >= 500) throw new Error(`HTTP ${response.status}`);
    throw new Lost(CLOSE_CODES[code] ?? 1006, code);
  }
}
