// How does a page live in the browser, and what is true about its saving? One Yjs document on one room, with a copy on the device.
//
// The server acknowledges an update only when it is durable (`?ack=1`, message 100). The state shown to the writer is derived
// from what was sent and what was acknowledged, and from what the browser said it has written; nothing here guesses.
import * as decoding from 'lib0/decoding';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { API_ROOT } from '../../api/client';
import { Arrivals } from './arrivals';
import { LocalCopy, type Keeping } from './localCopy';
import { roomSocket, type Transport } from './roomSocket';
import { keepUnknownAttributes, unknownInBody, unknownInUpdate, type KnownTypes } from './schemaGuard';

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
  /** Whether this device has all of it; `none` when nothing is kept here at all. */
  keeping: Keeping | 'none';
  refusal: Refusal | null;
  /** The text has arrived at least once, from the server or from this device. */
  loaded: boolean;
  transport: Transport;
  /** Parts of the page that this client does not know; it then takes nothing more. */
  unknown: string[] | null;
}

export interface RoomOptions {
  /** The person for whom a copy is kept on this device; without, none is. */
  keepFor?: string;
  /** Connect only when `start` says what the editor can show. */
  waits?: boolean;
  /** What another room had that may be nowhere else. */
  seed?: Uint8Array;
}

const MESSAGE_SYNC = 0;
const SYNC_STEP_1 = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;
const MESSAGE_SAVED = 100;
const MESSAGE_REFUSED = 101;

/** Close codes after which connecting again is pointless, and what they mean. */
const CLOSE_REASONS: Record<number, string> = {
  4401: 'unauthorized',
  4403: 'room_access_ended',
  4404: 'room_not_found',
  4413: 'message_too_large',
};
const ACCESS_ENDED = [4403, 4404];
const RESTARTING = 1012;

/** Longest pause between two tries to connect. */
const PAUSE_MAX_MS = 10_000;
/** After so many failures y-websocket's own pause is longer than that. */
const ALWAYS_LONGER = 10;
/** After a restart everybody comes back: over this time. */
const RESTART_SPREAD_MS = 2_500;
/** The network of a whole office comes back at once. */
const ONLINE_SPREAD_MS = 800;
/** A browser whose storage does not answer must not keep anybody from the page. */
const COPY_PATIENCE_MS = 3_000;

/** How long to wait after so many connections in a row came to nothing; never twice the same, so that crowds spread. */
export function pauseAfter(failures: number, code: number | undefined, random = Math.random()): number {
  if (code === RESTARTING && failures <= 1) return 100 + random * RESTART_SPREAD_MS;
  const longest = Math.min(100 * 2 ** failures, PAUSE_MAX_MS);
  return longest * (0.5 + random / 2);
}

/** A live page. Create one per mounted editor, `destroy` it afterwards. */
export class Room {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  /** Where what others write comes in. */
  readonly arrivals: Arrivals;
  readonly name: string;
  private readonly copy: LocalCopy | null;
  private known: KnownTypes | null = null;
  /** Ends the keeping of attributes. */
  private endGuard: (() => void) | null = null;
  private sent = 0;
  private acknowledged = 0;
  /** Edits that were made, or sent and not acknowledged, while there was no connection. */
  private unsent = false;
  /** Connections in a row that came to nothing. */
  private failures = 0;
  private refusal: Refusal | null = null;
  private ended = false;
  private loaded = false;
  private started = false;
  private destroyed = false;
  private transport: Transport = 'websocket';
  private unknown: string[] | null = null;
  /** What was not let into the document. */
  private held: { update: Uint8Array; fromServer: boolean }[] = [];
  private listeners = new Set<() => void>();
  private snapshot: RoomSnapshot;

  constructor(name: string, options: RoomOptions = {}) {
    this.name = name;
    const root = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${API_ROOT}/rooms`;
    this.provider = new WebsocketProvider(root, name, this.doc, {
      connect: false,
      params: { ack: '1' },
      // Every update leaves through the socket: the one place to count what the server has to acknowledge.
      WebSocketPolyfill: roomSocket({ sent: (bytes) => this.countSent(bytes), reached: (transport) => this.handleReached(transport) }),
      // Tabs of one browser must not show each other what neither the server nor the device has stored.
      disableBc: true,
    });
    this.copy = options.keepFor ? this.openCopy(options.keepFor) : null;
    this.snapshot = this.look();
    this.guardSync();
    this.arrivals = new Arrivals(this.provider);
    this.provider.messageHandlers[MESSAGE_SAVED] = (_encoder, decoder) => this.handleSaved(decoding.readVarUint(decoder));
    this.provider.messageHandlers[MESSAGE_REFUSED] = (_encoder, decoder) => {
      this.refusal = { code: decoding.readVarString(decoder), message: decoding.readVarString(decoder) };
      this.publish();
    };
    this.provider.on('status', this.handleStatus);
    this.provider.on('sync', this.handleSync);
    this.provider.on('connection-close', this.handleConnectionClose);
    this.provider.on('closed', this.handleClosed);
    this.doc.on('update', this.handleUpdate);
    if (options.seed) Y.applyUpdate(this.doc, options.seed, 'seed');
    window.addEventListener('offline', this.handleOffline);
    window.addEventListener('online', this.handleOnline);
    window.addEventListener('pagehide', this.handlePageHide);
    window.addEventListener('beforeunload', this.handleBeforeUnload);
    document.addEventListener('visibilitychange', this.handleVisibility);
    if (!options.waits) this.start();
  }

  /** For `useSyncExternalStore`. */
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  read = () => this.snapshot;

  /** Begins: what this device has, then the server. `known` is what the editor on this document can show. */
  start(known?: KnownTypes): void {
    if (this.started || this.destroyed) return;
    this.started = true;
    if (known) {
      this.known = known;
      this.endGuard = keepUnknownAttributes(this.doc, known);
    }
    void this.begin();
  }

  /** Everything that is here, for a room that takes this one's place. */
  handOver(): Uint8Array {
    const here = Y.encodeStateAsUpdate(this.doc);
    return this.held.length === 0 ? here : Y.mergeUpdates([here, ...this.held.map((one) => one.update)]);
  }

  /** Removes the copy from this device and keeps none any more. */
  async forget(): Promise<void> {
    await this.copy?.remove();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    window.removeEventListener('offline', this.handleOffline);
    window.removeEventListener('online', this.handleOnline);
    window.removeEventListener('pagehide', this.handlePageHide);
    window.removeEventListener('beforeunload', this.handleBeforeUnload);
    document.removeEventListener('visibilitychange', this.handleVisibility);
    this.listeners.clear();
    this.endGuard?.();
    this.provider.destroy();
    void this.copy?.close();
    this.doc.destroy();
  }

  private openCopy(user: string): LocalCopy {
    return new LocalCopy({
      user,
      room: this.name,
      encode: (beyond) => Y.encodeStateAsUpdate(this.doc, beyond),
      arrived: (update) => {
        // Sent on by the provider when it is connected: the tab that wrote it may be gone.
        this.arrivals.take(update.length, () => {
          if (!this.destroyed && this.copy) this.takeKept([update], this.copy);
        });
      },
      changed: () => this.publish(),
    });
  }

  private async begin(): Promise<void> {
    if (this.copy) {
      const patience = new Promise<void>((resolve) => setTimeout(resolve, COPY_PATIENCE_MS));
      await Promise.race([this.loadCopy(this.copy), patience]);
    }
    if (this.destroyed) return;
    if (!navigator.onLine) this.judgeAlone();
    if (!this.unknown) this.provider.connect();
    this.publish();
  }

  private async loadCopy(copy: LocalCopy): Promise<void> {
    const kept = await copy.load();
    if (this.destroyed) return;
    this.takeKept(kept.durable, copy);
    copy.setServerState(Y.encodeStateVector(this.doc));
    this.takeKept(kept.pending, copy);
    if (kept.pending.length > 0) this.unsent = true;
    if (kept.exists && this.held.length === 0) this.loaded = true;
    this.publish();
  }

  private takeKept(updates: Uint8Array[], copy: LocalCopy): void {
    if (this.held.length === 0 && updates.every((update) => this.isKnown(update))) {
      this.doc.transact(() => updates.forEach((update) => Y.applyUpdate(this.doc, update)), copy);
      return;
    }
    this.held.push(...updates.map((update) => ({ update, fromServer: false })));
    // The server may know that it was deleted meanwhile: ask it first.
    if (this.provider.synced) this.judge();
  }

  /** Without the server, what is here has to do. */
  private judgeAlone(): void {
    if (this.held.length > 0 && !this.provider.synced && !this.destroyed) this.judge();
  }

  /** Lets nothing into the document that its binding would delete. */
  private guardSync(): void {
    const read = this.provider.messageHandlers[MESSAGE_SYNC]!;
    this.provider.messageHandlers[MESSAGE_SYNC] = (encoder, decoder, provider, emitSynced, type) => {
      const at = decoder.pos;
      const step = decoding.readVarUint(decoder);
      const update = step === SYNC_STEP_1 ? null : decoding.readVarUint8Array(decoder);
      if (update === null || (this.held.length === 0 && this.isKnown(update))) {
        decoder.pos = at;
        read(encoder, decoder, provider, emitSynced, type);
        return;
      }
      this.held.push({ update: update.slice(), fromServer: true });
      // While the content comes, what looks unknown may be deleted by what follows: step 2 is its end.
      if (step === SYNC_STEP_2 || provider.synced) this.judge();
      if (step === SYNC_STEP_2 && !this.unknown) provider.synced = true;
    };
  }

  private isKnown(update: Uint8Array): boolean {
    return !this.known || unknownInUpdate(update, this.known).length === 0;
  }

  /** Lets in what was held, if the page as it is then has nothing that the editor would delete. Otherwise nothing comes or goes any more. */
  private judge(): void {
    if (!this.known || this.unknown) return;
    const shadow = new Y.Doc();
    Y.applyUpdate(shadow, this.handOver());
    const unknown = unknownInBody(shadow.getXmlFragment('default'), this.known);
    shadow.destroy();
    if (unknown.length > 0) {
      this.unknown = unknown;
      this.provider.disconnect();
    } else {
      const held = this.held.splice(0);
      // In one step, so that the editor sees nothing in between. What this device had is sent like any other edit.
      const origin = held.every((one) => one.fromServer) ? this.provider : 'held';
      this.doc.transact(() => held.forEach((one) => Y.applyUpdate(this.doc, one.update)), origin);
      this.loaded = true;
    }
    this.publish();
  }

  private countSent(bytes: Uint8Array): void {
    if (bytes[0] === MESSAGE_SYNC && (bytes[1] === SYNC_STEP_2 || bytes[1] === SYNC_UPDATE)) {
      this.sent += 1;
      this.publish();
    }
  }

  private handleReached(transport: Transport): void {
    this.transport = transport;
    this.publish();
  }

  private handleSaved(count: number): void {
    this.acknowledged = Math.max(this.acknowledged, count);
    if (this.acknowledged >= this.sent) {
      this.unsent = false;
      this.copy?.settle(Y.encodeStateVector(this.doc));
    }
    this.publish();
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
    if (synced) {
      this.failures = 0;
      this.loaded = true;
      this.copy?.touch();
    }
    this.publish();
  };

  private handleConnectionClose = (event: CloseEvent | null) => {
    // y-websocket lets everybody wait equally long, up to a longest pause: made the shorter of the two, that is the pause.
    this.failures += 1;
    this.provider.maxBackoffTime = pauseAfter(this.failures, event?.code);
    this.provider.wsUnsuccessfulReconnects = ALWAYS_LONGER;
    this.judgeAlone();
  };

  private handleClosed = ({ code, reason }: { code: number; reason: string }) => {
    this.ended = true;
    this.refusal ??= { code: CLOSE_REASONS[code] ?? 'room_closed', message: reason };
    // What one may not read any more does not stay here; what was written and not sent is its writer's to take along.
    if (ACCESS_ENDED.includes(code) && !this.isDirty()) void this.forget();
    this.publish();
  };

  private handleUpdate = (update: Uint8Array, origin: unknown) => {
    const own = origin !== this.provider;
    if (own && origin !== this.copy && !this.provider.wsconnected) this.unsent = true;
    if (origin !== this.copy) this.copy?.add(update, own);
    this.publish();
  };

  // A browser keeps an open socket for minutes after the network has gone: do not call that "saving".
  private handleOffline = () => {
    this.provider.disconnect();
    this.publish();
  };

  private handleOnline = () => {
    setTimeout(() => this.connectNow(), Math.random() * ONLINE_SPREAD_MS);
  };

  private handleVisibility = () => {
    if (document.visibilityState === 'visible') this.connectNow();
    else void this.copy?.flush();
  };

  private connectNow(): void {
    const may = this.started && !this.destroyed && !this.ended && !this.unknown && navigator.onLine;
    if (may && !this.provider.wsconnected) this.provider.connect();
  }

  private handlePageHide = () => void this.copy?.flush();

  private handleBeforeUnload = (event: BeforeUnloadEvent) => {
    void this.copy?.flush();
    // What this device has is sent when the page is opened again, if it can be.
    const opensAgain = navigator.onLine || Boolean(navigator.serviceWorker?.controller);
    if (this.isDirty() && !(this.copy?.keeping === 'kept' && opensAgain)) event.preventDefault();
  };

  private isDirty(): boolean {
    return this.unsent || this.acknowledged < this.sent;
  }

  private publish(): void {
    const next = this.look();
    const last = this.snapshot;
    if ((Object.keys(next) as (keyof RoomSnapshot)[]).every((key) => next[key] === last[key])) return;
    this.snapshot = next;
    this.listeners.forEach((listener) => listener());
  }

  private look(): RoomSnapshot {
    const dirty = this.isDirty();
    return {
      state: this.state(dirty),
      dirty,
      keeping: this.copy?.keeping ?? 'none',
      refusal: this.refusal,
      loaded: this.loaded,
      transport: this.transport,
      unknown: this.unknown,
    };
  }

  private state(dirty: boolean): RoomState {
    if (this.ended) return 'closed';
    if (!this.provider.wsconnected) {
      const tried = this.failures > 0 || (this.started && !navigator.onLine);
      return tried ? 'offline' : 'connecting';
    }
    if (!this.provider.synced) return 'connecting';
    // Until the server has asked for and stored what it lacks, nothing is known to be saved.
    return dirty || this.sent === 0 ? 'saving' : 'saved';
  }
}
