// How does a page live in the browser, and what is true about its saving? One Yjs document on one room.
//
// The server acknowledges an update only when it is durable (`?ack=1`, message 100). The state shown to the writer is derived
// from what was sent and what was acknowledged; nothing here guesses.
import * as decoding from 'lib0/decoding';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { API_ROOT } from '../../api/client';

/** `connecting`: first contact · `saving`: something is not durable yet · `saved` · `offline` · `closed`: the server ended it. */
export type RoomState = 'connecting' | 'saving' | 'saved' | 'offline' | 'closed';

/** Why the server refused something, with the code of its reason. */
export interface Refusal {
  code: string;
  message: string;
}

export interface RoomSnapshot {
  state: RoomState;
  /** Edits wait to be sent or to be acknowledged. */
  dirty: boolean;
  refusal: Refusal | null;
  /** The text of the server has arrived at least once. */
  loaded: boolean;
}

const MESSAGE_SYNC = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;
const MESSAGE_SAVED = 100;
const MESSAGE_REFUSED = 101;

/** Close codes after which connecting again is pointless, and what they mean. */
const CLOSE_REASONS: Record<number, string> = {
  4401: 'unauthorized',
  4403: 'forbidden',
  4404: 'room_not_found',
  4413: 'message_too_large',
};

/** A live page. Create one per mounted editor, `destroy` it afterwards. */
export class Room {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  private sent = 0;
  private acknowledged = 0;
  /** Edits that were made, or sent and not acknowledged, while there was no connection. */
  private unsent = false;
  private refusal: Refusal | null = null;
  private ended = false;
  private loaded = false;
  private listeners = new Set<() => void>();
  private snapshot: RoomSnapshot;

  constructor(documentId: string) {
    const count = (data: unknown) => this.countSent(data);
    // Every update leaves through `send`: the one place to count what the server has to acknowledge.
    class CountingSocket extends WebSocket {
      override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike>): void {
        super.send(data as ArrayBuffer);
        count(data);
      }
    }
    const root = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${API_ROOT}/rooms`;
    this.provider = new WebsocketProvider(root, documentId, this.doc, {
      connect: false,
      params: { ack: '1' },
      WebSocketPolyfill: CountingSocket,
      // Tabs of one browser must not show each other what the server has not stored.
      disableBc: true,
    });
    this.snapshot = { state: 'connecting', dirty: false, refusal: null, loaded: false };
    this.provider.messageHandlers[MESSAGE_SAVED] = (_encoder, decoder) => {
      this.acknowledged = Math.max(this.acknowledged, decoding.readVarUint(decoder));
      if (this.acknowledged >= this.sent) this.unsent = false;
      this.publish();
    };
    this.provider.messageHandlers[MESSAGE_REFUSED] = (_encoder, decoder) => {
      this.refusal = { code: decoding.readVarString(decoder), message: decoding.readVarString(decoder) };
      this.publish();
    };
    this.provider.on('status', this.handleStatus);
    this.provider.on('sync', this.handleSync);
    this.provider.on('closed', this.handleClosed);
    this.doc.on('update', this.handleUpdate);
    window.addEventListener('offline', this.handleOffline);
    window.addEventListener('online', this.handleOnline);
    window.addEventListener('beforeunload', this.handleBeforeUnload);
    this.provider.connect();
  }

  /** For `useSyncExternalStore`. */
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  read = () => this.snapshot;

  destroy(): void {
    window.removeEventListener('offline', this.handleOffline);
    window.removeEventListener('online', this.handleOnline);
    window.removeEventListener('beforeunload', this.handleBeforeUnload);
    this.listeners.clear();
    this.provider.destroy();
    this.doc.destroy();
  }

  private countSent(data: unknown): void {
    const bytes = data instanceof Uint8Array ? data : data instanceof ArrayBuffer ? new Uint8Array(data) : null;
    if (bytes && bytes[0] === MESSAGE_SYNC && (bytes[1] === SYNC_STEP_2 || bytes[1] === SYNC_UPDATE)) {
      this.sent += 1;
      this.publish();
    }
  }

  private handleStatus = ({ status }: { status: 'connected' | 'connecting' | 'disconnected' }) => {
    if (status !== 'connecting') {
      // The numbers count one connection. What was not acknowledged on the last one goes again with sync step 2.
      if (this.acknowledged < this.sent) this.unsent = true;
      this.sent = 0;
      this.acknowledged = 0;
    }
    this.publish();
  };

  private handleSync = (synced: boolean) => {
    if (synced) this.loaded = true;
    this.publish();
  };

  private handleClosed = ({ code, reason }: { code: number; reason: string }) => {
    this.ended = true;
    this.refusal ??= { code: CLOSE_REASONS[code] ?? 'room_closed', message: reason };
    this.publish();
  };

  private handleUpdate = (_update: Uint8Array, origin: unknown) => {
    if (origin !== this.provider && !this.provider.wsconnected) this.unsent = true;
    this.publish();
  };

  // A browser keeps an open socket for minutes after the network has gone: do not call that "saving".
  private handleOffline = () => this.provider.disconnect();

  private handleOnline = () => this.provider.connect();

  private handleBeforeUnload = (event: BeforeUnloadEvent) => {
    if (this.snapshot.dirty) event.preventDefault();
  };

  private publish(): void {
    const dirty = this.unsent || this.acknowledged < this.sent;
    const next: RoomSnapshot = { state: this.state(dirty), dirty, refusal: this.refusal, loaded: this.loaded };
    const last = this.snapshot;
    if (next.state === last.state && next.dirty === last.dirty && next.refusal === last.refusal && next.loaded === last.loaded) return;
    this.snapshot = next;
    this.listeners.forEach((listener) => listener());
  }

  private state(dirty: boolean): RoomState {
    if (this.ended) return 'closed';
    if (!this.provider.wsconnected) return this.loaded || this.provider.wsUnsuccessfulReconnects > 0 ? 'offline' : 'connecting';
    if (!this.provider.synced) return 'connecting';
    // Until the server has asked for and stored what it lacks, nothing is known to be saved.
    return dirty || this.sent === 0 ? 'saving' : 'saved';
  }
}
