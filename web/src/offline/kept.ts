// What does this device keep of a person's work, and when does it go? Views for opening pages without the server; everything
// is removed when the person signs out, and what others left here when somebody else signs in.
import { ApiError } from '../api/client';
import { isTemporary } from '../api/queries';
import type { UserView } from '../api/types';
import { forgetOpenCopies, removeCopy, roomsWithPending } from './copies';
import { result, transact, type KeptRoom, type KeptUpdate, type KeptView } from './database';

const SESSION_KEY = 'wenshu.session';
/** A copy that was not open for so long goes, unless it has something that the server lacks. */
const UNUSED_MS = 30 * 24 * 60 * 60_000;

/** Whether the server could not be asked: then what is kept may stand in for its answer. */
export function isAway(error: unknown): boolean {
  return isTemporary(error);
}

/** Who was signed in here last. */
export function keptSession(): UserView | null {
  try {
    return JSON.parse(localStorage.getItem(SESSION_KEY) ?? 'null') as UserView | null;
  } catch {
    return null;
  }
}

export function keepSession(user: UserView | null): void {
  try {
    if (user) localStorage.setItem(SESSION_KEY, JSON.stringify(user));
    else localStorage.removeItem(SESSION_KEY);
  } catch {
    // Storage is switched off: then nothing opens without the server.
  }
}

/** Asks the server; keeps its answer, and answers with what is kept when it is away. */
export async function orKept<T>(name: string, ask: () => Promise<T>, worthKeeping: (value: T) => boolean = () => true): Promise<T> {
  const user = keptSession()?.id;
  try {
    const value = await ask();
    if (user && worthKeeping(value)) void keepView({ user, name, value });
    return value;
  } catch (error) {
    if (!user) throw error;
    if (isAway(error)) {
      const kept = await keptView<T>(user, name);
      if (kept !== undefined) return kept;
    }
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) void removeView(user, name);
    throw error;
  }
}

async function keepView(view: KeptView): Promise<void> {
  await transact(['views'], 'readwrite', (store) => result(store('views').put(view))).catch(() => {});
}

/** Removes a view; one that names work that was not sent stays until that is gone. */
async function removeView(user: string, name: string): Promise<void> {
  const unsent = await unsentRooms(user);
  if (unsent.some((room) => name.endsWith(room.split('.')[0]!))) return;
  await transact(['views'], 'readwrite', (store) => result(store('views').delete([user, name]))).catch(() => {});
}

/** What was kept under a name. */
export async function keptView<T>(user: string, name: string): Promise<T | undefined> {
  try {
    const view = await transact(['views'], 'readonly', (store) => result<KeptView | undefined>(store('views').get([user, name])));
    return view?.value as T | undefined;
  } catch {
    return undefined;
  }
}

/** Rooms with work that the server does not have; none when the browser keeps nothing. */
export async function unsentRooms(user: string): Promise<string[]> {
  return roomsWithPending(user).catch(() => []);
}

/** Removes everything of a person from this device. */
export async function forgetPerson(user: string): Promise<void> {
  if (keptSession()?.id === user) keepSession(null);
  await forgetOpenCopies(user);
  await transact(['rooms', 'updates', 'views'], 'readwrite', async (store) => {
    const mine = IDBKeyRange.bound([user], [user, []]);
    store('rooms').delete(mine);
    store('views').delete(mine);
    for (const key of await result(store('updates').index('room').getAllKeys(mine))) store('updates').delete(key);
  }).catch(() => {});
}

/** Removes what nobody needs: what other people left here, and what was not open for long. Work that was not sent stays. */
export async function tidyUp(user: string, now = Date.now()): Promise<void> {
  try {
    const [rooms, updates] = await transact(['rooms', 'updates'], 'readonly', (store) =>
      Promise.all([result<KeptRoom[]>(store('rooms').getAll()), result<KeptUpdate[]>(store('updates').getAll())]),
    );
    const unsent = new Set(updates.filter((row) => row.pending).map((row) => `${row.user} ${row.room}`));
    for (const kept of rooms) {
      const isOld = kept.user !== user || now - kept.usedAt > UNUSED_MS;
      if (isOld && !unsent.has(`${kept.user} ${kept.room}`)) await removeCopy(kept.user, kept.room);
    }
    await transact(['views'], 'readwrite', async (store) => {
      for (const key of (await result(store('views').getAllKeys())) as [string, string][]) {
        const hasUnsent = [...unsent].some((one) => one.startsWith(`${key[0]} `));
        if (key[0] !== user && !hasUnsent) store('views').delete(key);
      }
    });
  } catch {
    // The browser keeps nothing.
  }
}
