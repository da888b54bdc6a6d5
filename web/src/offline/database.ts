// Where does the browser keep things without the server? One IndexedDB database: pages, their updates, and who was signed in.
//
// Every promise here settles with what the browser said: a write is done when its transaction is complete, not before.

const NAME = 'wenshu-offline';
const VERSION = 1;

/** A page that is kept. */
export interface KeptRoom {
  user: string;
  room: string;
  /** Everything that the server is known to have, merged; empty until it is worth merging. */
  base: Uint8Array;
  /** Counts the writes of `base`. */
  revision: number;
  /** When it was last open here. */
  usedAt: number;
}

/** A change to a kept page. */
export interface KeptUpdate {
  key?: number;
  user: string;
  room: string;
  update: Uint8Array;
  /** The server is not known to have it. */
  pending: 0 | 1;
}

/** An answer of the server, for opening a page without it. */
export interface KeptView {
  user: string;
  name: string;
  value: unknown;
}

let opening: Promise<IDBDatabase> | null = null;

/** Opens the database, once. Rejects where the browser has none, as in some private windows. */
export function openDatabase(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const database = request.result;
      database.createObjectStore('rooms', { keyPath: ['user', 'room'] });
      const updates = database.createObjectStore('updates', { keyPath: 'key', autoIncrement: true });
      updates.createIndex('room', ['user', 'room']);
      updates.createIndex('pending', ['user', 'pending']);
      database.createObjectStore('views', { keyPath: ['user', 'name'] });
    };
    request.onsuccess = () => {
      const database = request.result;
      // Another tab with a newer version, or the user who clears the site's data, is not kept waiting.
      database.onversionchange = () => {
        database.close();
        opening = null;
      };
      database.onclose = () => (opening = null);
      resolve(database);
    };
    request.onerror = () => reject(request.error ?? new Error('the browser keeps nothing'));
    request.onblocked = () => reject(new Error('another tab holds an older version'));
  });
  opening.catch(() => (opening = null));
  return opening;
}

/** For tests: the next use opens anew. */
export async function closeDatabase(): Promise<void> {
  const database = await opening?.catch(() => null);
  database?.close();
  opening = null;
}

/** What a request brings. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the browser refused'));
  });
}

/** Runs `work` in one transaction; resolves when all of it is kept. */
export async function transact<T>(
  stores: string[],
  mode: IDBTransactionMode,
  work: (store: (name: string) => IDBObjectStore) => Promise<T> | T,
): Promise<T> {
  const database = await openDatabase();
  const transaction = database.transaction(stores, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser gave up the write'));
  });
  done.catch(() => {});
  try {
    const value = await work((name) => transaction.objectStore(name));
    await done;
    return value;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    throw error;
  }
}
