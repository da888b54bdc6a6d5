// Which way leads to the room? A WebSocket, and by itself HTTP where a proxy refuses or swallows the upgrade.
//
// A WebSocket that never opened says nothing about why. So only when the server answers over HTTP meanwhile is the upgrade to
// blame; a server that is away is waited for in the usual way. What was found out is kept for the session of the tab, and the
// WebSocket is tried again from time to time: networks change.
import { API_ROOT } from '../../api/client';
import { HttpSocket } from './httpSocket';

export type Transport = 'websocket' | 'http';

const STORAGE_KEY = 'wenshu.transport';
/** How long a WebSocket may take to open: some proxies leave the upgrade without an answer. */
const UPGRADE_MS = 5_000;
/** How long HTTP is used before a WebSocket is tried again. */
const PROBE_AFTER_MS = 10 * 60_000;

/** Remembers for the tab until when WebSockets are taken to be blocked. */
function blockedUntil(): number {
  try {
    return Number(sessionStorage.getItem(STORAGE_KEY) ?? 0);
  } catch {
    return memory;
  }
}

let memory = 0;

function rememberBlocked(until: number): void {
  memory = until;
  try {
    if (until > 0) sessionStorage.setItem(STORAGE_KEY, String(until));
    else sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // Storage is switched off: the variable is enough for this page.
  }
}

/** What the next connection will use. */
export function nextTransport(): Transport {
  return blockedUntil() > Date.now() ? 'http' : 'websocket';
}

/** Whether the server answers over HTTP. Any answer of its own will do. */
async function serverAnswers(): Promise<boolean> {
  try {
    const response = await fetch(`${API_ROOT}/info`, { cache: 'no-store', signal: AbortSignal.timeout(UPGRADE_MS) });
    return response.ok && 'version' in ((await response.json()) as object);
  } catch {
    return false;
  }
}

interface Watch {
  /** Every frame that leaves. */
  sent(bytes: Uint8Array): void;
  /** The server was reached. */
  reached(transport: Transport): void;
}

function bytesOf(data: unknown): Uint8Array | null {
  if (data instanceof Uint8Array) return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : null;
}

/** How often in a row a WebSocket came to nothing although the server answered over HTTP. */
let failures = 0;
const FAILURES_MAX = 2;

/** A WebSocket came to nothing. If the server can be reached otherwise, the next connection may go over HTTP. */
async function blameUpgrade(weight: number): Promise<void> {
  if (!navigator.onLine || !(await serverAnswers())) failures = 0;
  else if ((failures += weight) >= FAILURES_MAX) rememberBlocked(Date.now() + PROBE_AFTER_MS);
}

function upgradeWorks(): void {
  failures = 0;
  rememberBlocked(0);
}

/** For tests. */
export function forgetTransport(): void {
  upgradeWorks();
}

/** A code that only a server gives: it was reached. */
function isFromServer(code: number): boolean {
  return code >= 4000 || code === 1012 || code === 1013;
}

/** Whether a WebSocket to this address opens and brings something. */
function probe(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const done = (works: boolean) => {
      clearTimeout(timer);
      resolve(works);
      socket.close();
    };
    const timer = setTimeout(() => done(false), UPGRADE_MS);
    socket.onmessage = () => done(true);
    socket.onclose = ({ code }) => done(isFromServer(code));
  });
}

/** Makes the class that y-websocket connects with. */
export function roomSocket(watch: Watch): typeof WebSocket {
  class WatchedWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      let [spoke, tooLong, left] = [false, false, false];
      // The server speaks first; a proxy that lets the upgrade through and nothing else is as good as a wall.
      const timer = setTimeout(() => {
        tooLong = true;
        super.close();
      }, UPGRADE_MS);
      this.addEventListener('message', () => {
        if (spoke) return;
        spoke = true;
        clearTimeout(timer);
        upgradeWorks();
        watch.reached('websocket');
      });
      this.addEventListener('close', ({ code }) => {
        clearTimeout(timer);
        if (!spoke && !left && !isFromServer(code)) void blameUpgrade(tooLong ? FAILURES_MAX : 1);
      });
      this.close = (code?: number, reason?: string) => {
        // y-websocket closes what has closed.
        if (this.readyState < WebSocket.CLOSING) left = true;
        super.close(code, reason);
      };
    }

    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike>): void {
      super.send(data as ArrayBuffer);
      const bytes = bytesOf(data);
      if (bytes) watch.sent(bytes);
    }
  }

  class WatchedHttpSocket extends HttpSocket {
    constructor(url: string | URL) {
      super(String(url));
      const timer = setTimeout(() => void this.tryWebSocket(), Math.max(blockedUntil() - Date.now(), 0));
      this.addEventListener('open', () => watch.reached('http'));
      this.addEventListener('close', () => clearTimeout(timer));
    }

    override send(data: ArrayBuffer | ArrayBufferView): void {
      super.send(data);
      const bytes = bytesOf(data);
      if (bytes) watch.sent(bytes);
    }

    private async tryWebSocket(): Promise<void> {
      if (await probe(this.url)) {
        upgradeWorks();
        this.end(1012, 'a WebSocket is possible');
      } else {
        rememberBlocked(Date.now() + PROBE_AFTER_MS);
        const timer = setTimeout(() => void this.tryWebSocket(), PROBE_AFTER_MS);
        this.addEventListener('close', () => clearTimeout(timer));
      }
    }
  }

  return function connect(url: string | URL, protocols?: string | string[]) {
    return nextTransport() === 'websocket' ? new WatchedWebSocket(url, protocols) : new WatchedHttpSocket(url);
  } as unknown as typeof WebSocket;
}
