// What do the notes of a document say? Threads in a Yjs document of their own, beside the text.
//
// A message's text is a shared text and not a plain value: so every letter is an item whose writer the server's journal knows.
import * as Y from 'yjs';
import type { Anchor } from './anchors';

export interface Message {
  id: string;
  /** User id of who the message says wrote it; the server knows better (see `useAnnotations`). */
  author: string;
  at: number;
  editedAt: number | null;
  text: string;
  /** User ids of colleagues named in it. */
  mentions: string[];
}

export interface Thread {
  id: string;
  anchor: Anchor | null;
  /** The commented text as it was then. */
  quote: string;
  createdBy: string;
  createdAt: number;
  assignee: string | null;
  resolvedBy: string | null;
  resolvedAt: number | null;
  messages: Message[];
}

export interface NewThread {
  anchor: Anchor;
  quote: string;
  author: string;
  text: string;
  mentions?: string[];
  assignee?: string | null;
}

type Fields = Y.Map<unknown>;

const text = (map: Fields, key: string) => {
  const value = map.get(key);
  return typeof value === 'string' ? value : null;
};
const time = (map: Fields, key: string) => {
  const value = map.get(key);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};

/** The threads of one document; for `useSyncExternalStore`. */
export class Threads {
  private readonly map: Y.Map<Fields>;
  private list: Thread[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly now: () => number = Date.now,
  ) {
    this.map = doc.getMap('threads');
    this.map.observeDeep(this.update);
    this.list = readThreads(this.map);
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  read = () => this.list;

  destroy(): void {
    this.map.unobserveDeep(this.update);
    this.listeners.clear();
  }

  private update = () => {
    this.list = readThreads(this.map);
    this.listeners.forEach((listener) => listener());
  };

  /** Begins a thread and returns its id. */
  create(input: NewThread): string {
    const id = crypto.randomUUID();
    const at = this.now();
    this.doc.transact(() => {
      const thread: Fields = new Y.Map();
      this.map.set(id, thread);
      thread.set('anchor', { ...input.anchor });
      thread.set('quote', input.quote);
      thread.set('createdBy', input.author);
      thread.set('createdAt', at);
      if (input.assignee) thread.set('assignee', input.assignee);
      thread.set('messages', Y.Array.from([newMessage(input.author, input.text, input.mentions ?? [], at)]));
    });
    return id;
  }

  reply(thread: string, author: string, words: string, mentions: string[] = []): void {
    this.messagesOf(thread)?.push([newMessage(author, words, mentions, this.now())]);
  }

  edit(thread: string, message: string, words: string, mentions: string[] = []): void {
    const found = this.find(thread, message);
    const shared = found?.map.get('text');
    if (!found || !(shared instanceof Y.Text)) return;
    this.doc.transact(() => {
      shared.delete(0, shared.length);
      shared.insert(0, words);
      found.map.set('mentions', mentions);
      found.map.set('editedAt', this.now());
    });
  }

  /** Deletes a message; with its last one a thread is gone. */
  delete(thread: string, message: string): void {
    const found = this.find(thread, message);
    if (!found) return;
    this.doc.transact(() => {
      if (found.messages.length === 1) this.map.delete(thread);
      else found.messages.delete(found.index);
    });
  }

  resolve(thread: string, by: string): void {
    this.change(thread, (map) => {
      map.set('resolvedBy', by);
      map.set('resolvedAt', this.now());
    });
  }

  reopen(thread: string): void {
    this.change(thread, (map) => {
      map.delete('resolvedBy');
      map.delete('resolvedAt');
    });
  }

  assign(thread: string, assignee: string | null): void {
    this.change(thread, (map) => (assignee ? map.set('assignee', assignee) : map.delete('assignee')));
  }

  /** Holds a thread to its text anew, after the text was moved. */
  anchor(thread: string, anchor: Anchor): void {
    this.change(thread, (map) => map.set('anchor', { ...anchor }));
  }

  private change(thread: string, make: (map: Fields) => void): void {
    const map = this.map.get(thread);
    if (map) this.doc.transact(() => make(map));
  }

  private messagesOf(thread: string): Y.Array<Fields> | null {
    const messages = this.map.get(thread)?.get('messages');
    return messages instanceof Y.Array ? (messages as Y.Array<Fields>) : null;
  }

  private find(thread: string, message: string) {
    const messages = this.messagesOf(thread);
    const index = messages?.toArray().findIndex((one) => one instanceof Y.Map && one.get('id') === message) ?? -1;
    return messages && index >= 0 ? { messages, index, map: messages.get(index) } : null;
  }
}

function newMessage(author: string, words: string, mentions: string[], at: number): Fields {
  const message: Fields = new Y.Map();
  message.set('id', crypto.randomUUID());
  message.set('author', author);
  message.set('at', at);
  message.set('text', new Y.Text(words));
  if (mentions.length > 0) message.set('mentions', mentions);
  return message;
}

/** Reads what is there; what is no thread or no message is left out. */
export function readThreads(map: Y.Map<Fields>): Thread[] {
  const threads: Thread[] = [];
  map.forEach((value: unknown, id) => {
    const messages = value instanceof Y.Map ? (value as Fields).get('messages') : null;
    if (!(value instanceof Y.Map) || !(messages instanceof Y.Array)) return;
    const read = (messages as Y.Array<unknown>).toArray().flatMap(readMessage);
    const [first] = read;
    if (!first) return;
    const fields = value as Fields;
    threads.push({
      id,
      anchor: readAnchor(fields.get('anchor')),
      quote: text(fields, 'quote') ?? '',
      createdBy: text(fields, 'createdBy') ?? first.author,
      createdAt: time(fields, 'createdAt') ?? first.at,
      assignee: text(fields, 'assignee'),
      resolvedBy: text(fields, 'resolvedBy'),
      resolvedAt: time(fields, 'resolvedAt'),
      messages: read,
    });
  });
  return threads.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

function readMessage(value: unknown): Message[] {
  if (!(value instanceof Y.Map)) return [];
  const fields = value as Fields;
  const words = fields.get('text');
  const id = text(fields, 'id');
  if (id === null || !(words instanceof Y.Text || typeof words === 'string')) return [];
  const mentions = fields.get('mentions');
  return [
    {
      id,
      author: text(fields, 'author') ?? '',
      at: time(fields, 'at') ?? 0,
      editedAt: time(fields, 'editedAt'),
      text: words instanceof Y.Text ? words.toString() : words,
      mentions: Array.isArray(mentions) ? mentions.filter((one): one is string => typeof one === 'string') : [],
    },
  ];
}

function readAnchor(value: unknown): Anchor | null {
  const { from, to } = (value ?? {}) as Partial<Anchor>;
  return typeof from === 'string' && typeof to === 'string' ? { from, to } : null;
}
