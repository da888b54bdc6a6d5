// Which pages are kept on this device? Reads and removes copies without knowing what is in them.
import { result, transact, type KeptRoom, type KeptUpdate } from './database';

export interface Kept {
  /** The page was open here before, if only empty. */
  exists: boolean;
  /** What the server is known to have. */
  durable: Uint8Array[];
  /** What it is not known to have. */
  pending: Uint8Array[];
}

/** A copy as whoever signs out sees it. */
export interface OpenCopy {
  readonly user: string;
  flush(): Promise<void>;
  remove(): Promise<void>;
}

/** Copies that are open in this tab. */
export const openCopies = new Set<OpenCopy>();
/** Tells the other tabs that a person's copies are to go. */
export const FORGET_CHANNEL = 'wenshu-forget';

/** Removes the open copies of a person, in all tabs of this browser. */
export async function forgetOpenCopies(user: string): Promise<void> {
  const mine = [...openCopies].filter((copy) => copy.user === user);
  await Promise.all(mine.map((copy) => copy.remove().catch(() => {})));
  if (typeof BroadcastChannel === 'undefined') return;
  const channel = new BroadcastChannel(FORGET_CHANNEL);
  channel.postMessage(user);
  channel.close();
}

/** Everything of one copy. */
export async function readRows(user: string, room: string): Promise<{ kept: KeptRoom | undefined; rows: KeptUpdate[] }> {
  return transact(['rooms', 'updates'], 'readonly', async (store) => {
    const [kept, rows] = await Promise.all([
      result<KeptRoom | undefined>(store('rooms').get([user, room])),
      result<KeptUpdate[]>(store('updates').index('room').getAll([user, room])),
    ]);
    return { kept, rows };
  });
}

/** Puts apart what the server has and what it is not known to have. */
export function sorted(kept: KeptRoom | undefined, rows: KeptUpdate[]): Kept {
  const durable = rows.filter((row) => !row.pending).map((row) => row.update);
  if (kept && kept.base.length > 0) durable.unshift(kept.base);
  return { exists: kept !== undefined || rows.length > 0, durable, pending: rows.filter((row) => row.pending).map((row) => row.update) };
}

/** Removes one copy. */
export async function removeCopy(user: string, room: string): Promise<void> {
  await transact(['rooms', 'updates'], 'readwrite', async (store) => {
    store('rooms').delete([user, room]);
    for (const key of await result(store('updates').index('room').getAllKeys([user, room]))) store('updates').delete(key);
  });
}

/** The rooms of which this device has changes that the server is not known to have. */
export async function roomsWithPending(user: string): Promise<string[]> {
  // What the server has just acknowledged is noted a moment later.
  await Promise.all([...openCopies].filter((copy) => copy.user === user).map((copy) => copy.flush()));
  const rows = await transact(['updates'], 'readonly', (store) => result<KeptUpdate[]>(store('updates').index('pending').getAll([user, 1])));
  return [...new Set(rows.map((row) => row.room))];
}
