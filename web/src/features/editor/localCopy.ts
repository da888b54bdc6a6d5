// What of a page is kept on this device? Every change as it comes, and which of them the server is known to have.
//
// One copy per user and room, shared by the tabs of a browser: each writes its changes and reads the others' when told. Only
// what is written is shared, and only between tabs of the same person. Changes that the server has are merged from
// time to time, and so are those that it does not have, so a copy stays about as large as the page.
import * as Y from 'yjs';
import { FORGET_CHANNEL, openCopies, readRows, removeCopy, sorted, type Kept } from '../../offline/copies';
import { result, transact, type KeptRoom, type KeptUpdate } from '../../offline/database';

/** `kept`: all that is in the page is on the device · `writing` · `failed`: the browser refused (full, or switched off). */
export type Keeping = 'kept' | 'writing' | 'failed';

/** What the server does not have is written at once; the rest may gather this long. */
const GATHER_MS = 250;
/** So many changes are merged into one. */
const MERGE_AT = 60;
const MERGE_AT_BYTES = 512 << 10;
/** After a refusal of the browser, how long until it is tried again. */
const RETRY_MS = 10_000;

interface Options {
  user: string;
  room: string;
  /** All of the page, and what of it lies beyond a state. */
  encode(beyond?: Uint8Array): Uint8Array;
  /** Something from another tab. */
  arrived(update: Uint8Array): void;
  changed(): void;
}

/** The copy of one open page. */
export class LocalCopy {
  keeping: Keeping = 'kept';
  private queue: { update: Uint8Array; pending: boolean }[] = [];
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  /** Keys that this tab has written or read: what is under them is in its page. */
  private known = new Map<number, { bytes: number; pending: boolean }>();
  private last = 0;
  /** Everything that is pending under a known key is beyond this. */
  private serverHas: Uint8Array | undefined;
  /** The server has everything that was queued before. */
  private settled = false;
  private touched = false;
  /** The base that this tab has in its page. */
  private baseRevision = 0;
  private readonly channel: BroadcastChannel | null;
  private readonly forgetting: BroadcastChannel | null;

  constructor(private readonly options: Options) {
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`wenshu-room:${options.user}:${options.room}`);
    this.forgetting = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(FORGET_CHANNEL);
    if (this.channel) this.channel.onmessage = () => void this.readOthers();
    if (this.forgetting) this.forgetting.onmessage = ({ data }) => data === options.user && void this.remove();
    openCopies.add(this);
  }

  get user(): string {
    return this.options.user;
  }

  /** Whether changes are kept that the server is not known to have. */
  hasPending(): boolean {
    return this.queue.some((one) => one.pending) || [...this.known.values()].some((one) => one.pending);
  }

  /** Reads the copy; an empty one when there is none or the browser keeps none. */
  async load(): Promise<Kept> {
    try {
      const { kept, rows } = await readRows(this.options.user, this.options.room);
      for (const row of rows) this.remember(row);
      this.baseRevision = kept?.revision ?? 0;
      return sorted(kept, rows);
    } catch {
      this.fail();
      return { exists: false, durable: [], pending: [] };
    }
  }

  /** Notes that the page was open here, so that it opens again without the server. */
  touch(): void {
    if (this.touched || this.closed) return;
    this.touched = true;
    const { user, room } = this.options;
    const note = transact(['rooms'], 'readwrite', async (store) => {
      const kept = await result<KeptRoom | undefined>(store('rooms').get([user, room]));
      store('rooms').put({ user, room, base: kept?.base ?? new Uint8Array(), revision: kept?.revision ?? 0, usedAt: Date.now() } satisfies KeptRoom);
    });
    note.catch(() => {
      this.touched = false;
      this.fail();
    });
  }

  /** Says what the server is known to have, as a state vector. */
  setServerState(vector: Uint8Array): void {
    this.serverHas = vector;
  }

  /** Keeps a change. */
  add(update: Uint8Array, pending: boolean): void {
    if (this.closed) return;
    this.queue.push({ update, pending });
    if (pending) this.settled = false;
    if (this.keeping !== 'failed') this.keeping = 'writing';
    this.schedule(pending ? 0 : GATHER_MS);
  }

  /** Everything that was added so far is durable at the server. */
  settle(vector: Uint8Array): void {
    this.serverHas = vector;
    for (const one of this.queue) one.pending = false;
    if ([...this.known.values()].some((one) => one.pending)) {
      this.settled = true;
      this.schedule(GATHER_MS);
    }
  }

  /** Writes what waits; resolves when the browser has it or refused. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.running) await this.running;
    if (this.queue.length === 0 && !this.settled && this.keeping !== 'failed') return;
    this.running = this.write().finally(() => (this.running = null));
    await this.running;
  }

  /** Ends it; what waits is written first. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    clearTimeout(this.timer);
    this.endChannels();
  }

  private endChannels(): void {
    openCopies.delete(this);
    this.channel?.close();
    this.forgetting?.close();
  }

  /** Removes the copy from the device and keeps nothing more. */
  async remove(): Promise<void> {
    this.closed = true;
    this.queue = [];
    this.settled = false;
    clearTimeout(this.timer);
    await this.running?.catch(() => {});
    this.queue = [];
    this.endChannels();
    await removeCopy(this.options.user, this.options.room);
  }

  private schedule(ms: number): void {
    if (this.timer !== undefined && ms > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  private remember(row: KeptUpdate): void {
    this.known.set(row.key!, { bytes: row.update.length, pending: row.pending === 1 });
    this.last = Math.max(this.last, row.key!);
  }

  private fail(): void {
    this.keeping = 'failed';
    this.options.changed();
    if (!this.closed) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.flush(), RETRY_MS);
    }
  }

  private async write(): Promise<void> {
    const batch = this.queue.splice(0);
    const settled = this.settled;
    this.settled = false;
    const rows = [false, true].flatMap((pending) => {
      const updates = batch.filter((one) => one.pending === pending).map((one) => one.update);
      return updates.length === 0 ? [] : [this.row(updates.length === 1 ? updates[0]! : Y.mergeUpdates(updates), pending)];
    });
    try {
      // What failed before is in the page: all of it goes, so that nothing is missing between the changes.
      if (this.keeping === 'failed') await this.rewrite(batch.some((one) => one.pending) || (!settled && this.hasPending()));
      else await this.append(rows, settled);
      this.keeping = this.queue.length > 0 ? 'writing' : 'kept';
      if (rows.length > 0) this.channel?.postMessage('news');
      await this.merge();
      this.options.changed();
    } catch {
      this.queue.unshift(...batch);
      this.settled ||= settled && !this.queue.some((one) => one.pending);
      this.fail();
    }
  }

  private row(update: Uint8Array, pending: boolean): KeptUpdate {
    return { user: this.options.user, room: this.options.room, update, pending: pending ? 1 : 0 };
  }

  /** Adds rows; with `settled`, also notes of those before that the server has them. */
  private async append(rows: KeptUpdate[], settled: boolean): Promise<void> {
    const before = settled ? [...this.known].filter(([, one]) => one.pending).map(([key]) => key) : [];
    const keys = await transact(['updates'], 'readwrite', async (store) => {
      for (const key of before) {
        const request = store('updates').get(key) as IDBRequest<KeptUpdate | undefined>;
        request.onsuccess = () => request.result && store('updates').put({ ...request.result, pending: 0 });
      }
      return Promise.all(rows.map((row) => result(store('updates').add(row))));
    });
    keys.forEach((key, at) => this.remember({ ...rows[at]!, key: key as number }));
    for (const key of before) {
      const one = this.known.get(key);
      if (one) one.pending = false;
    }
  }

  /** Puts the page as it is in the place of everything that is known of it. */
  private async rewrite(pending: boolean): Promise<void> {
    const row = this.row(this.options.encode(), pending);
    const key = await this.replace([...this.known.keys()], row);
    this.known.clear();
    this.remember({ ...row, key });
    this.touch();
  }

  private async replace(keys: number[], row: KeptUpdate): Promise<number> {
    const key = await transact(['updates'], 'readwrite', (store) => {
      for (const old of keys) store('updates').delete(old);
      return result(store('updates').add(row));
    });
    return key as number;
  }

  /** Keeps the copy small. */
  private async merge(): Promise<void> {
    const durable = [...this.known].filter(([, one]) => !one.pending);
    const pending = [...this.known].filter(([, one]) => one.pending);
    if (pending.length >= MERGE_AT && this.serverHas) {
      const row = this.row(this.options.encode(this.serverHas), true);
      const keys = pending.map(([key]) => key);
      const key = await this.replace(keys, row);
      keys.forEach((old) => this.known.delete(old));
      this.remember({ ...row, key });
    }
    const bytes = durable.reduce((sum, [, one]) => sum + one.bytes, 0);
    // Only a page of which the server has everything can be called the server's.
    if ((durable.length < MERGE_AT && bytes < MERGE_AT_BYTES) || pending.length > 0 || this.queue.some((one) => one.pending)) return;
    await this.rebase(durable.map(([key]) => key));
  }

  private async rebase(keys: number[]): Promise<void> {
    const { user, room } = this.options;
    const mine = this.options.encode();
    this.baseRevision = await transact(['rooms', 'updates'], 'readwrite', async (store) => {
      const kept = await result<KeptRoom | undefined>(store('rooms').get([user, room]));
      const revision = (kept?.revision ?? 0) + 1;
      // Another tab has put something there that may not be in this page.
      const base = kept && kept.revision !== this.baseRevision ? Y.mergeUpdates([kept.base, mine]) : mine;
      for (const key of keys) store('updates').delete(key);
      store('rooms').put({ user, room, base, revision, usedAt: Date.now() } satisfies KeptRoom);
      return revision;
    });
    keys.forEach((key) => this.known.delete(key));
  }

  /** Takes in what other tabs have written. */
  private async readOthers(): Promise<void> {
    if (this.closed) return;
    const { user, room } = this.options;
    try {
      const rows = await transact(['updates'], 'readonly', (store) =>
        result<KeptUpdate[]>(store('updates').index('room').getAll([user, room])),
      );
      if (this.closed) return;
      for (const row of rows.filter((one) => !this.known.has(one.key!))) {
        this.remember(row);
        this.options.arrived(row.update);
      }
    } catch {
      // The next start of the page reads it.
    }
  }
}

/** Reads a copy that is not open. `null` when there is none. */
export async function readCopy(user: string, room: string): Promise<{ doc: Y.Doc; pending: boolean } | null> {
  const { kept, rows } = await readRows(user, room);
  const { exists, durable, pending } = sorted(kept, rows);
  if (!exists) return null;
  const doc = new Y.Doc();
  for (const update of [...durable, ...pending]) Y.applyUpdate(doc, update);
  return { doc, pending: pending.length > 0 };
}
